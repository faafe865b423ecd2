import { minify as terser } from "terser";
import { defineConfig, minify as oxc, type Plugin } from "vite";

// Calls of h() are shorter than those of the automatic runtime, by half a kilobyte of the page. No file imports it:
// tests take it from oxc's options, the build from rolldown's.
const JSX: Record<string, [string, string]> = { h: ["preact", "h"], Fragment: ["preact", "Fragment"] };

// Each of the two finds what the other one leaves: together they save 1.2 kB of the page on the better one alone.
// No pure_getters: reading a signal has the effect of subscribing.
const smaller: Plugin = {
  name: "smaller",
  async renderChunk(code, { fileName }) {
    const first = await oxc(fileName, code, { module: true, mangle: false });
    const compress = { passes: 5, keep_fargs: false, unsafe: true, unsafe_arrows: true, inline: 1, hoist_props: false };
    const second = await terser(first.code, { module: true, ecma: 2020, mangle: false, compress });
    return { code: second.code ?? code, map: null };
  },
};

// TensorBoard's page imports index.js and calls its render(): a fixed name, and an export that must survive.
// Its CSP blocks workers from blobs, so the layout worker is a file of its own: a second entry, so that what it shares
// with the page is built once.
export default defineConfig(({ mode }) => ({
  base: "./",
  plugins: mode === "development" ? [] : [smaller],
  oxc: { jsx: { runtime: "classic", pragma: "h", pragmaFrag: "Fragment" }, inject: JSX },
  build: {
    outDir: "../torchviz_tb/plugin/static",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: mode === "development",
    minify: mode !== "development" && "oxc",
    rolldownOptions: {
      transform: { inject: JSX },
      input: { index: "src/index.tsx", "assets/worker": "src/layout/worker.ts" },
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.ts", "test/**/*.test.tsx"] },
}));
