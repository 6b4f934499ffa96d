import { createClient, RESP_TYPES } from "@redis/client";
import { basename } from "node:path";
import type { ProcessStats } from "../../src/door/stats.ts";
import { HarnessError } from "../../src/errors.ts";
import type { LmdbRecords } from "./lmdb-records.ts";
import type { RecordStore, UseRecord } from "./record-store.ts";

/** Between two tries to reach a server that went away. */
const RECONNECT_MS = 50;
const CONNECT_TIMEOUT_MS = 5_000;

/** Records sent at once while a server is filled. */
const CHUNK_RECORDS = 1_000;

/** Bytes in, bytes out: the default would make text of them. */
const BINARY = { [RESP_TYPES.BLOB_STRING]: Buffer } as const;

type Client = ReturnType<typeof connectClient>;

const connectClient = (url: string) =>
  createClient({
    url,
    name: "silverbench-feature",
    // A call fails at once while the server is away: whoever asks has a deadline, and may ask again.
    disableOfflineQueue: true,
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: () => RECONNECT_MS },
  });

/** What a server is filled with, opened when it is needed: it may come back empty. */
export type OpenSource = () => LmdbRecords;

interface Filling {
  readonly prefix: string;
  readonly open: OpenSource;
}

/** A connection to a Redis server that holds what a feature service serves. */
export class RedisConnection implements AsyncDisposable {
  readonly #client: Client;
  readonly #url: string;
  readonly #fillings: Filling[] = [];
  /** Whether it holds everything, as far as is known. */
  #isWhole = true;

  private constructor(client: Client, url: string) {
    this.#client = client;
    this.#url = url;
    client.on("reconnecting", () => (this.#isWhole = false));
    client.on("ready", () => void this.#mend());
  }

  /** @throws HarnessError UNAVAILABLE if no server answers there. */
  static async open(url: string): Promise<RedisConnection> {
    const client = connectClient(url);
    // Each call tells what became of it; without a listener this event would end the process.
    client.on("error", () => {});
    const first = await new Promise<Error | null>((resolve) => {
      client.once("error", (error: Error) => resolve(error));
      client.connect().then(
        () => resolve(null),
        (error: unknown) => resolve(HarnessError.from(error)),
      );
    });
    if (first !== null) {
      client.destroy();
      throw unreachable(url, first);
    }
    return new RedisConnection(client, url);
  }

  /**
   * The records of a store, kept under its folder's name, which follows from their content. They
   * are brought there if this server has not got them, now or when it comes back.
   */
  async records(
    folder: string,
    open: OpenSource,
    onProgress: (fraction: number) => void,
  ): Promise<RedisRecords> {
    const filling = { prefix: `silverbench:${basename(folder)}:`, open };
    try {
      await this.#complete(filling, onProgress);
    } catch (cause) {
      throw unreachable(this.#url, cause);
    }
    this.#fillings.push(filling);
    return new RedisRecords(this.#client, filling.prefix, {
      url: this.#url,
      isWhole: () => this.#isWhole,
    });
  }

  /** A server that was away may have lost what it held: nothing is read before that is known. */
  async #mend(): Promise<void> {
    try {
      for (const filling of this.#fillings) await this.#complete(filling, () => {});
      this.#isWhole = true;
    } catch {
      // It went away again: `ready` comes once more.
    }
  }

  async #complete(
    { prefix, open }: Filling,
    onProgress: (fraction: number) => void,
  ): Promise<void> {
    const whole = `${prefix}whole`;
    if ((await this.#client.exists(whole)) === 1) return;
    await using source = open();
    await this.#fill(prefix, source, onProgress);
    await this.#client.set(whole, "1");
  }

  async #fill(
    prefix: string,
    source: LmdbRecords,
    onProgress: (fraction: number) => void,
  ): Promise<void> {
    const { count } = source;
    let sent = 0;
    let chunk: (string | Buffer)[] = [];
    const send = async (): Promise<void> => {
      sent += chunk.length / 2;
      if (chunk.length > 0) await this.#client.mSet(chunk);
      chunk = [];
      onProgress(sent / count);
    };
    for (const [key, record] of source.entries()) {
      chunk.push(`${prefix}${key}`, record);
      if (chunk.length === CHUNK_RECORDS * 2) await send();
    }
    await send();
  }

  /** What the server's process has used, as it says; null where it is not on this machine. */
  async processStats(): Promise<ProcessStats | null> {
    if (!isHere(this.#url)) return null;
    const text = await this.#client.info();
    const number = (field: string): number =>
      Number(new RegExp(`^${field}:([\\d.]+)`, "m").exec(text)?.[1] ?? NaN);
    return {
      pid: number("process_id"),
      role: "redis",
      cpuSeconds: number("used_cpu_sys") + number("used_cpu_user"),
      rssBytes: number("used_memory_rss"),
      // Redis does not tell.
      contextSwitches: 0,
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    return Promise.resolve();
  }
}

interface RecordsOrigin {
  readonly url: string;
  readonly isWhole: () => boolean;
}

/** Records in Redis, of a connection that is not theirs to end. */
export class RedisRecords implements RecordStore {
  readonly #client: Client;
  readonly #prefix: string;
  readonly #origin: RecordsOrigin;

  constructor(client: Client, prefix: string, origin: RecordsOrigin) {
    this.#client = client;
    this.#prefix = prefix;
    this.#origin = origin;
  }

  async read(keys: ArrayLike<number>, use: UseRecord): Promise<void> {
    if (keys.length === 0) return;
    if (!this.#origin.isWhole()) throw refilling(this.#origin.url);
    const names = Array.from(keys, (key) => `${this.#prefix}${key}`);
    const found = await this.#mGet(names);
    for (const [at, record] of found.entries()) use(record, record?.length ?? 0, at);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #mGet(names: string[]): Promise<(Buffer | null)[]> {
    try {
      return await this.#client.withTypeMapping(BINARY).mGet(names);
    } catch (cause) {
      throw unreachable(this.#origin.url, cause);
    }
  }
}

function unreachable(url: string, cause: unknown): HarnessError {
  return new HarnessError("UNAVAILABLE", "the Redis server with the features cannot be reached", {
    where: url,
    hint: "start one there, or set store: redis, which starts one, or store: lmdb",
    cause,
  });
}

const refilling = (url: string): HarnessError =>
  new HarnessError(
    "UNAVAILABLE",
    "the Redis server was away and is looked through or filled again",
    {
      where: url,
    },
  );

function isHere(url: string): boolean {
  const { hostname } = new URL(url);
  return ["localhost", "[::1]"].includes(hostname) || hostname.startsWith("127.");
}
