// Builds the two scripts the kernel ships; `node build.mjs [--watch] [folder]`.
import * as esbuild from "esbuild";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2);
const watch = words.includes("--watch");
const folder = words.find((word) => !word.startsWith("--"));
const options = {
  absWorkingDir: here,
  entryPoints: { widget: "src/widget.ts", view: "src/view.ts" },
  outdir: folder ? resolve(folder) : resolve(here, "../drasi_nb/views/static"),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "eof",
  loader: { ".css": "text" },
  logLevel: "warning",
};
if (watch) await (await esbuild.context(options)).watch();
else await esbuild.build(options);
