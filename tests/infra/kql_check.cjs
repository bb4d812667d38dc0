// Reads queries with Microsoft's Kusto language service; prints what it complains of, as a JSON list.
// node kql_check.cjs NODE_MODULES < {"tables": {name: ["column:type"]}, "queries": {name: text}}
const fs = require('fs');
const path = require('path');
const vm = require('vm');

const base = path.join(process.argv[2], '@kusto', 'language-service-next');
for (const name of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) {
  vm.runInThisContext(fs.readFileSync(path.join(base, name), 'utf8'), { filename: name });
}
const { KustoCode, GlobalState, Symbols } = Kusto.Language;
const { tables, queries } = JSON.parse(fs.readFileSync(0, 'utf8'));
// The constructors of the package are numbered: $ctor7 takes a name, a schema as text, and a description.
const symbols = Object.entries(tables).map(([name, columns]) => new Symbols.TableSymbol.$ctor7(name, `(${columns.join(', ')})`, null));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('workspace', symbols));

const complaints = [];
for (const [name, query] of Object.entries(queries)) {
  const found = KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics();
  for (let at = 0; at < found.Count; at++) {
    const one = found.getItem(at);
    complaints.push(`${name}: ${one.Message} (${JSON.stringify(query.substr(one.Start, Math.min(60, one.Length)))})`);
  }
}
process.stdout.write(JSON.stringify(complaints));
