/** A certificate and the key that belongs to it, PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** How a server speaks TLS. */
export interface ServerTls {
  readonly own: Identity;
  /** Whose certificates callers must show, PEM; null: they need not show any. */
  readonly clientCa: string | null;
}

/** How a caller speaks TLS. Plain data, so that it crosses to other threads. */
export interface ClientTls {
  /** Whose certificates it believes, PEM. */
  readonly ca: string;
  /** What it shows of itself; null: nothing. */
  readonly own: Identity | null;
}

/** Both sides of the connections of one run. */
export interface Tls {
  readonly server: ServerTls;
  readonly client: ClientTls;
}
