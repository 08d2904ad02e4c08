// Loaded before npm where the proxy wants a password. The npm of some distributions (Debian's 9.2 among them) hands
// that to its proxy agents as `auth`, where those that it is shipped with look for `username` and `password`.
'use strict';
const Module = require('module');

const AGENTS = { 'http-proxy-agent': 'HttpProxyAgent', 'https-proxy-agent': 'HttpsProxyAgent' };

function withUser(proxy) {
  if (!proxy || typeof proxy !== 'object' || !proxy.auth || proxy.username) return proxy;
  const colon = proxy.auth.indexOf(':');
  const user = colon < 0 ? proxy.auth : proxy.auth.slice(0, colon);
  const password = colon < 0 ? '' : proxy.auth.slice(colon + 1);
  return { ...proxy, username: encodeURIComponent(user), password: encodeURIComponent(password) };
}

const load = Module._load;
Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  const Agent = Object.hasOwn(AGENTS, request) && loaded && loaded[AGENTS[request]];
  if (typeof Agent !== 'function') return loaded;
  class AgentWithUser extends Agent {
    constructor(proxy, ...more) {
      super(withUser(proxy), ...more);
    }
  }
  return Object.assign(Object.create(loaded), { [AGENTS[request]]: AgentWithUser });
};
