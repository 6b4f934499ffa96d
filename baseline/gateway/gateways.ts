import type { AddressInfo, Server, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type ConnectionTaker, dealOut, type DoorName } from "../../src/door/deal-out.ts";
import { listen } from "../../src/door/listen.ts";
import { PendingReplies } from "../../src/door/pending-replies.ts";
import type { SystemStats } from "../../src/door/stats.ts";
import type { ConnectionMessage } from "../../src/process/dealt-connection.ts";
import type { RestartableProcess } from "../../src/process/restartable-process.ts";
import type { FromGateway, ToGateway } from "./peer-stats.ts";

/** How long a gateway may take to tell what it did, before its part is left out. */
const STATS_MS = 2_000;

/** The process of one of several gateways, as the process that started it sees it. */
type Member = RestartableProcess<object>;

/**
 * Several gateways behind one address. This process takes the connections in and deals them out in
 * turn, which costs it nothing a request; a caller gains only if it has several connections. Those
 * of a gateway that is killed are cut off, and come to another one when they are made anew.
 */
export class Gateways implements AsyncDisposable {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Updates of one catalogue by several gateways are not to be had. */
  readonly adminPort = null;
  readonly processes = [];
  readonly #members: readonly Member[];
  readonly #servers: readonly Server[];
  readonly #stats = new PendingReplies<SystemStats>();

  private constructor(members: readonly Member[], servers: readonly [grpc: Server, http: Server]) {
    this.#members = members;
    this.#servers = servers;
    this.grpcPort = portOf(servers[0]);
    this.httpPort = portOf(servers[1]);
    for (const member of members) {
      member.onMessage((message) => this.#receive(member, message as FromGateway));
    }
  }

  /**
   * @param members All ready; it is for the caller to end them if this fails.
   * @param ports 0 or absent: any free port.
   * @throws HarnessError BAD_INPUT naming the port if one is in use.
   */
  static async open(
    members: readonly Member[],
    { grpc = 0, http = 0 }: { readonly grpc?: number; readonly http?: number },
  ): Promise<Gateways> {
    const takers = members.map(takerOf);
    const servers: [Server, Server] = [dealOut(takers, "grpc"), dealOut(takers, "http")];
    try {
      await listen(servers[0], { host: LOCAL, port: grpc, protocol: "gRPC" });
      await listen(servers[1], { host: LOCAL, port: http, protocol: "HTTP" });
    } catch (error) {
      for (const server of servers) server.close();
      throw error;
    }
    return new Gateways(members, servers);
  }

  /** Has this go with every query of theirs, once it resolves. */
  async setForQueries(settings: object): Promise<void> {
    await Promise.all(this.#members.map((member) => member.setForQueries(settings)));
  }

  /** Takes in no more connections, and finishes what is in flight. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.close();
    await Promise.all(this.#members.map((member) => member[Symbol.asyncDispose]()));
  }

  #receive(member: Member, message: FromGateway): void {
    if (message.type === "own-stats") this.#stats.resolve(message.id, message.stats);
    else if (message.type === "ask-peers") void this.#tellOthers(member, message.id);
  }

  async #tellOthers(asking: Member, id: number): Promise<void> {
    const others = this.#members.filter((member) => member !== asking && member.isThere);
    const told = await Promise.all(others.map((member) => this.#statsOf(member)));
    post(asking, { type: "peers-stats", id, stats: told.filter((stats) => stats !== null) });
  }

  #statsOf(member: Member): Promise<SystemStats | null> {
    const told = this.#stats.ask((id) => post(member, { type: "own-stats", id }));
    return Promise.race([told, sleep(STATS_MS, null, { ref: false })]);
  }
}

const LOCAL = "127.0.0.1";

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const post = (member: Member, message: ToGateway): void => member.send(message);

function takerOf(member: Member): ConnectionTaker {
  return {
    get isThere() {
      return member.isThere;
    },
    take: (socket: Socket, door: DoorName) =>
      member.send({ type: "connection", door } satisfies ConnectionMessage, socket),
  };
}
