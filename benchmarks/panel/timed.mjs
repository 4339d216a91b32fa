/**
 * A bundle of the extension's on stdin -> the same on stdout, in which each function says when it begins and ends.
 *
 *     node timed.mjs labextension/package.json < bundle.js
 *
 * Functions that wait (`async`, generators) are left as they are: what they call says it for them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const ts = createRequire(process.argv[2])('typescript');
const code = readFileSync(0, 'utf8');
const BEGIN = '__guardBegins();try{';
const END = '}finally{__guardEnds()}';
const put = [];

function visit(node) {
  const waits = node.asteriskToken || node.modifiers?.some(one => one.kind === ts.SyntaxKind.AsyncKeyword);
  if (ts.isFunctionLike(node) && node.body && !waits) {
    const { body } = node;
    if (ts.isBlock(body)) {
      put.push([body.getStart() + 1, BEGIN], [body.end - 1, END]);
    } else {
      put.push([body.getStart(), `{${BEGIN}return(`], [body.end, `)${END}}`]);
    }
  }
  ts.forEachChild(node, visit);
}

visit(ts.createSourceFile('bundle.js', code, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS));
// Of two that end at one place the inner one, which was met later, closes first.
const order = put.map(([at, text], met) => ({ at, text, met, closes: !text.startsWith('{') && !text.startsWith(BEGIN) }));
order.sort((a, b) => a.at - b.at || (a.closes && b.closes ? b.met - a.met : a.met - b.met));
let at = 0;
const pieces = order.map(one => {
  const piece = code.slice(at, one.at) + one.text;
  at = one.at;
  return piece;
});
process.stdout.write(pieces.join('') + code.slice(at));
