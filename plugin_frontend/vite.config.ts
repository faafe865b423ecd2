import { defineConfig } from "vite";

// TensorBoard's page imports index.js and calls its render(): a fixed name, and an export that must survive.
// Its CSP blocks workers from blobs, so the layout worker stays a file of its own.
export default defineConfig(({ mode }) => ({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es", rolldownOptions: { output: { entryFileNames: "assets/[name].js" } } },
  build: {
    outDir: "../torchviz_tb/plugin/static",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: mode === "development",
    minify: mode !== "development",
    rolldownOptions: {
      input: "src/index.tsx",
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: "index.js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.ts", "test/**/*.test.tsx"] },
}));
