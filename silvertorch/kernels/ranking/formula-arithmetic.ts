/**
 * WGSL functions with the arithmetic that formulas are defined by (src/retrieval/formula), in
 * float32. WGSL itself leaves open what becomes of a division by zero, of a logarithm of a negative
 * number and of whatever is not a number, and refuses a literal that overflows; so numbers go
 * through their bits, and each of those cases is told apart by them. A compiler may take what is
 * multiplied by 0 for 0, and what is taken from itself, whatever it is.
 */
export const FORMULA_ARITHMETIC = /* wgsl */ `
fn number(bits: u32) -> f32 { return bitcast<f32>(bits); }
fn nothing() -> f32 { return number(0x7fc00000u); }
fn infinite() -> f32 { return number(0x7f800000u); }
fn is_nothing(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn is_infinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }
fn either_nothing(a: f32, b: f32) -> bool { return is_nothing(a) || is_nothing(b); }
fn is_negative(x: f32) -> bool { return (bitcast<u32>(x) >> 31u) == 1u; }

fn quotient(a: f32, b: f32) -> f32 {
  if (either_nothing(a, b) || (is_infinite(a) && is_infinite(b))) { return nothing(); }
  if (is_infinite(b)) { return 0.0; }
  if (b == 0.0 || is_infinite(a)) {
    if (a == 0.0) { return nothing(); }
    return select(infinite(), -infinite(), is_negative(a) != is_negative(b));
  }
  // Beyond 2^126 a device may take one part of it for 0 (WGSL, accuracy of division). A quarter of it
  // is taken by its exponent, for a compiler that knows 4 * 0.25 would divide by the whole after all.
  if (abs(b) > number(0x7e800000u)) { return a / number(bitcast<u32>(b) - 0x1000000u) * 0.25; }
  return a / b;
}

fn product(a: f32, b: f32) -> f32 {
  if (either_nothing(a, b)) { return nothing(); }
  if ((a == 0.0 && is_infinite(b)) || (is_infinite(a) && b == 0.0)) { return nothing(); }
  return a * b;
}
fn sum(a: f32, b: f32) -> f32 {
  if (either_nothing(a, b)) { return nothing(); }
  if (is_infinite(a) && is_infinite(b) && is_negative(a) != is_negative(b)) { return nothing(); }
  return a + b;
}

fn whole_power(base: f32, exponent: u32) -> f32 {
  var result = 1.0;
  for (var i = 0u; i < exponent; i++) { result *= base; }
  return result;
}

fn is_odd(x: f32) -> bool {
  return floor(x) == x && abs(x) < 16777216.0 && (u32(abs(x)) & 1u) == 1u;
}

fn power(base: f32, exponent: f32) -> f32 {
  if (exponent == 0.0) { return 1.0; }
  if (either_nothing(base, exponent)) { return nothing(); }
  if (is_infinite(exponent)) {
    if (abs(base) == 1.0) { return nothing(); }
    return select(0.0, infinite(), (abs(base) > 1.0) == (exponent > 0.0));
  }
  let whole = floor(exponent) == exponent;
  if (whole && exponent > 0.0 && exponent <= 8.0) { return whole_power(base, u32(exponent)); }
  var size = 0.0;
  if (base == 0.0 || is_infinite(base)) {
    size = select(0.0, infinite(), (base == 0.0) == (exponent < 0.0));
  } else {
    if (base < 0.0 && !whole) { return nothing(); }
    size = pow(abs(base), exponent);
  }
  return select(size, -size, is_negative(base) && is_odd(exponent));
}

fn smaller(a: f32, b: f32) -> f32 {
  if (either_nothing(a, b)) { return nothing(); }
  return min(a, b);
}
fn larger(a: f32, b: f32) -> f32 {
  if (either_nothing(a, b)) { return nothing(); }
  return max(a, b);
}
fn logarithm(x: f32) -> f32 {
  if (is_nothing(x) || x < 0.0) { return nothing(); }
  if (x == 0.0) { return -infinite(); }
  if (is_infinite(x)) { return x; }
  return log(x);
}
fn square_root(x: f32) -> f32 {
  if (is_nothing(x) || x < 0.0) { return nothing(); }
  if (is_infinite(x)) { return x; }
  return sqrt(x);
}
fn exponential(x: f32) -> f32 {
  if (is_nothing(x)) { return nothing(); }
  if (x > 89.0) { return infinite(); }
  if (x < -104.0) { return 0.0; }
  return exp(x);
}
fn sigmoid(x: f32) -> f32 { return quotient(1.0, 1.0 + exponential(-x)); }

fn less(a: f32, b: f32) -> bool { return !either_nothing(a, b) && a < b; }
fn equal(a: f32, b: f32) -> bool { return !either_nothing(a, b) && a == b; }

/** Within the finite range; what is not a number is the least of it. */
fn ranking_value(outcome: f32) -> f32 {
  let least = number(0xff7fffffu);
  if (is_nothing(outcome)) { return least; }
  return clamp(outcome, least, -least);
}
`;
