import type { ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { fileURLToPath } from "node:url";
import { HarnessError } from "../errors.ts";

/**
 * A service of a .proto file with its (de)serialisers. Fields are camelCase; uint64 is a number
 * (our ids stay below 2^53); absent fields have their defaults; a oneof also has a field of its
 * own name saying which member is set.
 *
 * @param service Full name, "package.Service".
 */
export function loadService(protoFile: string, service: string): ServiceDefinition {
  const definition = loadSync(protoFile, { longs: Number, defaults: true, oneofs: true })[service];
  if (definition === undefined || "format" in definition) {
    throw new HarnessError("INTERNAL", `${protoFile} defines no service ${service}`);
  }
  return definition;
}

/** The standard health service, which every server of ours offers beside its own. */
export function loadHealthService(): ServiceDefinition {
  const protoFile = fileURLToPath(new URL("./health.proto", import.meta.url));
  return loadService(protoFile, "grpc.health.v1.Health");
}
