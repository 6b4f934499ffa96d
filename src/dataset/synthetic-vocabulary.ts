/** Languages in falling order of frequency, each with the countries it is at home in. */
export const LANGUAGES: readonly (readonly [language: string, ...countries: string[]])[] = [
  ["en", "us", "gb", "ca", "au", "ie", "nz"],
  ["es", "mx", "es", "ar", "co", "cl", "pe"],
  ["pt", "br", "pt"],
  ["hi", "in"],
  ["fr", "fr", "be", "ca", "sn"],
  ["de", "de", "at", "ch"],
  ["ja", "jp"],
  ["ar", "eg", "sa", "ae", "ma"],
  ["id", "id"],
  ["ru", "ru", "kz"],
  ["tr", "tr"],
  ["it", "it", "ch"],
  ["ko", "kr"],
  ["vi", "vn"],
  ["th", "th"],
  ["pl", "pl"],
  ["nl", "nl", "be"],
  ["uk", "ua"],
  ["fa", "ir"],
  ["sv", "se", "fi"],
  ["cs", "cz"],
  ["el", "gr"],
  ["hu", "hu"],
  ["fi", "fi"],
];

/** Every country of `LANGUAGES`, once, in order of first mention. */
export const COUNTRIES: readonly string[] = [...new Set(LANGUAGES.flatMap(([, ...home]) => home))];

/** What a cluster is about: one word each, in falling order of frequency. */
export const TOPICS: readonly string[] = (
  "music pop news sport football comedy gaming film food travel fashion fitness politics science " +
  "technology cars animals dance art beauty crime history health business nature drama anime " +
  "cooking basketball photography books education family diy gardening finance weather space " +
  "cats dogs rock jazz classical hiphop country folk metal blues opera tennis golf boxing cycling " +
  "running swimming skiing surfing climbing sailing fishing hiking camping yoga chess poker puzzles " +
  "magic theatre poetry painting sculpture architecture design crafts sewing woodwork " +
  "robots programming security startups investing housing law medicine psychology philosophy religion " +
  "languages geography biology chemistry physics mathematics astronomy climate energy farming trains " +
  "planes ships"
).split(" ");
