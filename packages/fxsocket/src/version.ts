// Who asks: the name and version of this package, as the gateway sees them. A test beside it holds it against package.json.

export const VERSION = '0.1.0';
export const USER_AGENT = `fxtape-fxsocket/${VERSION} node/${process.versions.node}`;
