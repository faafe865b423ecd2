import { minify as swc } from "@swc/core";
import { minify as terser } from "terser";
import { defineConfig, type Plugin } from "vite";

// Calls of h() are shorter than those of the automatic runtime, by half a kilobyte of the page. No file imports it:
// tests take it from oxc's options, the build from rolldown's.
const JSX: Record<string, [string, string]> = { h: ["preact", "h"], Fragment: ["preact", "Fragment"] };

// Each of the three finds what the others leave, oxc being Vite's own, which comes after: on oxc alone they save 2 kB.
// What is const stays so until oxc has used that. No pure_getters: reading a signal has the effect of subscribing.
const common = { passes: 5, keep_fargs: false, unsafe: true, unsafe_arrows: true } as const;
const smaller: Plugin = {
  name: "smaller",
  async renderChunk(code) {
    const options = { module: true, mangle: false } as const;
    const compress = { ...common, hoist_props: true, sequences: false, const_to_let: false } as const;
    const first = await swc(code, { ...options, ecma: 2020, compress });
    const second = await terser(first.code, {
      ...options,
      ecma: 2020,
      compress: { ...common, inline: 1, hoist_props: false },
    });
    return { code: second.code ?? code, map: null };
  },
};

// TensorBoard's page imports index.js and calls its render(): a fixed name, and an export that must survive.
// Its CSP blocks workers from blobs, so the layout worker is a file of its own, an entry that the page imports, too: what
// both need is in it, built and loaded once.
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
      preserveEntrySignatures: "allow-extension",
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.ts", "test/**/*.test.tsx"] },
}));
