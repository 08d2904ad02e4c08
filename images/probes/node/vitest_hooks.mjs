// Where Vitest makes its reporters, its configuration passes through ours first.
const MAKES = /createReporters\((\w+)\.reporters,/g;
const OURS = 'createReporters((globalThis[Symbol.for("orchestrator.vitest")]?.($1) ?? $1).reporters,';

export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!/\/vitest\/dist\/.*\.m?js$/.test(url) || loaded.format !== 'module' || !loaded.source) return loaded;
  const source = loaded.source.toString();
  return MAKES.test(source) ? {...loaded, source: source.replace(MAKES, OURS)} : loaded;
}
