// Shrinks many small modules in one go, as `wasm-opt` does (`PASSES` in src/assets/optimize.rs): starting that program takes longer than each of them.
//   node shrink.mjs BINARYEN LIST    (a module of JavaScript, and a file with one path a line)
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [, , library, list] = process.argv;
const binaryen = (await import(pathToFileURL(library))).default;
const { BulkMemory, BulkMemoryOpt, NontrappingFPToInt, ReferenceTypes, SignExt, MutableGlobals, Multivalue } =
  binaryen.Features;
binaryen.setOptimizeLevel(2);
binaryen.setShrinkLevel(2);
binaryen.setLowMemoryUnused(true);
for (const file of fs.readFileSync(list, "utf8").split("\n").filter(Boolean)) {
  const module = binaryen.readBinary(fs.readFileSync(file));
  module.setFeatures(
    BulkMemory | BulkMemoryOpt | NontrappingFPToInt | ReferenceTypes | SignExt | MutableGlobals | Multivalue,
  );
  module.runPasses(["flatten", "rereloop"]);
  module.optimize();
  module.optimize();
  fs.writeFileSync(file, module.emitBinary());
  module.dispose();
}
