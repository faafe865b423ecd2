import { defineConfig } from "vite";

// Calls of h() are shorter than those of the automatic runtime, by half a kilobyte of the page. No file imports it:
// tests take it from oxc's options, the build from rolldown's.
const JSX: Record<string, [string, string]> = { h: ["preact", "h"], Fragment: ["preact", "Fragment"] };

// TensorBoard's page imports index.js and calls its render(): a fixed name, and an export that must survive.
// Its CSP blocks workers from blobs, so the layout worker is a file of its own: a second entry, so that what it shares
// with the page is built once.
export default defineConfig(({ mode }) => ({
  base: "./",
  oxc: { jsx: { runtime: "classic", pragma: "h", pragmaFrag: "Fragment" }, inject: JSX },
  build: {
    outDir: "../torchviz_tb/plugin/static",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: mode === "development",
    // A kilobyte less than oxc's own minifier leaves. No pure_getters: reading a signal has the effect of subscribing.
    minify: mode !== "development" && "terser",
    terserOptions: { module: true, ecma: 2020, compress: { passes: 3, keep_fargs: false, unsafe_arrows: true } },
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
