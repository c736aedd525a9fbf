// The `User-Agent` that the gateway sees. version.test.ts compares the version with package.json.

export const VERSION = '0.1.0';
export const USER_AGENT = `fxtape-fxsocket/${VERSION} node/${process.versions.node}`;
