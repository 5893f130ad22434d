// llama_bench measures llama.cpp, or with -DIK_LLAMA ik_llama.cpp, as `coreml bench
// --json` measures this project:
//
//	llama_bench MODEL.gguf THREADS PREFILL DECODE TOKENS
//
// PREFILL and DECODE are lists such as 32,128,512; TOKENS is how many single
// tokens are fed behind each length of DECODE. One round is taken. The last line
// of standard output is a JSON object with the keys of coreml bench.
//
// With the environment variable LLAMA_IDS, a file of token ids, it prints the mean
// negative log-likelihood of all but the first instead, which shows whether a
// converted model still foretells what the original does. With IK_REPACK set,
// ik_llama.cpp lays the weights out anew when it loads them.
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "llama.h"
#ifndef IK_LLAMA
#include "ggml-backend.h"
#endif

enum { context_size = 2048, max_lengths = 16 };

// The state of the text, where the two programs' interfaces differ: ik_llama.cpp's is
// llama.cpp's of 2024, which asks for the position of each token.
static int position = 0;

#ifdef IK_LLAMA
static void start_backend(void) { llama_backend_init(); }

static void prepare_model(struct llama_model_params *p) {
  if (!getenv("IK_REPACK")) return;
  p->repack_tensors = true;
  p->use_mmap = false;  // what is repacked cannot stay in the file
}

static void prepare_context(struct llama_context_params *p) { p->flash_attn = true; }

static int vocabulary(const struct llama_model *model) { return llama_n_vocab(model); }

static void forget(struct llama_context *ctx) {
  llama_kv_cache_clear(ctx);
  position = 0;
}

static struct llama_batch batch_of(llama_token *ids, int n) { return llama_batch_get_one(ids, n, position, 0); }
#else
static void start_backend(void) { ggml_backend_load_all_from_path(getenv("LLAMA_LIB")); }

static void prepare_model(struct llama_model_params *p) { (void)p; }

static void prepare_context(struct llama_context_params *p) { (void)p; }

static int vocabulary(const struct llama_model *model) { return llama_vocab_n_tokens(llama_model_get_vocab(model)); }

static void forget(struct llama_context *ctx) {
  llama_memory_clear(llama_get_memory(ctx), true);
  position = 0;
}

static struct llama_batch batch_of(llama_token *ids, int n) { return llama_batch_get_one(ids, n); }
#endif

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void quiet(enum ggml_log_level level, const char *text, void *data) {
  (void)data;
  if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

static void die(const char *what) {
  fprintf(stderr, "llama_bench: %s\n", what);
  exit(1);
}

// lengths reads a list of numbers, or none.
static int lengths(const char *text, int *out) {
  int n = 0;
  if (strcmp(text, "none") == 0) return 0;
  while (*text && n < max_lengths) {
    char *end;
    long v = strtol(text, &end, 10);
    if (end == text || v < 0 || v > context_size) die("a length is no number or too large");
    out[n++] = (int)v;
    text = *end == ',' ? end + 1 : end;
  }
  return n;
}

static void feed(struct llama_context *ctx, llama_token *ids, int n) {
  if (llama_decode(ctx, batch_of(ids, n)) != 0) die("decode failed");
  llama_synchronize(ctx);
  position += n;
}

// loss feeds ids one by one, so that there are logits behind each.
static int loss(struct llama_context *ctx, int vocab, const char *path) {
  FILE *f = fopen(path, "r");
  if (!f) die("the file of token ids cannot be read");
  double sum = 0;
  int n = 0, id;
  while (n < context_size && fscanf(f, "%d", &id) == 1) {
    if (id < 0 || id >= vocab) die("a token id is out of range");
    if (n > 0) {
      const float *logits = llama_get_logits_ith(ctx, -1);
      double most = -INFINITY, all = 0;
      for (int i = 0; i < vocab; i++) most = fmax(most, logits[i]);
      for (int i = 0; i < vocab; i++) all += exp(logits[i] - most);
      sum += most + log(all) - logits[id];
    }
    llama_token one = id;
    feed(ctx, &one, 1);
    n++;
  }
  fclose(f);
  printf("{\"tokens\":%d,\"mean_nll\":%.6f}\n", n - 1, sum / (n - 1));
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 6) die("usage: llama_bench MODEL.gguf THREADS PREFILL DECODE TOKENS");
  int threads = atoi(argv[2]), tokens = atoi(argv[5]);
  int prefill[max_lengths], decode[max_lengths];
  int prefills = lengths(argv[3], prefill), decodes = lengths(argv[4], decode);
  if (threads < 1 || tokens < 1 || tokens > context_size) die("threads or tokens out of range");

  llama_log_set(quiet, NULL);
  start_backend();
  double start = now();
  // The prebuilt library may be newer than the header and its structs larger:
  // the unions leave room for what the library writes behind them.
  union { struct llama_model_params p; char room[1024]; } model_params;
  union { struct llama_context_params p; char room[1024]; } params;
  memset(&model_params, 0, sizeof model_params);
  memset(&params, 0, sizeof params);
  model_params.p = llama_model_default_params();
  params.p = llama_context_default_params();
  prepare_model(&model_params.p);
  struct llama_model *model = llama_model_load_from_file(argv[1], model_params.p);
  if (!model) die("the model cannot be loaded");
  params.p.n_ctx = context_size;
  params.p.n_threads = params.p.n_threads_batch = threads;
  prepare_context(&params.p);
  struct llama_context *ctx = llama_init_from_model(model, params.p);
  if (!ctx) die("no context");
  double load = now() - start;

  int vocab = vocabulary(model);
  const char *ids_path = getenv("LLAMA_IDS");
  if (ids_path) return loss(ctx, vocab, ids_path);

  // The tokens of coreml bench.
  static llama_token ids[2 * context_size];
  unsigned x = 1;
  for (int i = 0; i < 2 * context_size; i++) {
    x = x * 1103515245u + 12345u;
    ids[i] = (int)(x >> 16 & 0x7fff) % vocab;
  }
  int shortest = prefills > 0 ? prefill[0] : 32;
  for (int i = 1; i < prefills; i++) {
    if (prefill[i] < shortest) shortest = prefill[i];
  }
  start = now();
  feed(ctx, ids, shortest);
  double first = now() - start;

  printf("{\"load_ms\":%.3f,\"first_token_ms\":%.3f,\"prefill\":{", load * 1e3, first * 1e3);
  for (int i = 0; i < prefills; i++) {
    forget(ctx);
    start = now();
    feed(ctx, ids, prefill[i]);
    printf("%s\"%d\":%.3f", i ? "," : "", prefill[i], prefill[i] / (now() - start));
  }
  printf("},\"decode\":{");
  for (int i = 0; i < decodes; i++) {
    if (decode[i] + tokens > context_size) die("a text exceeds the context");
    forget(ctx);
    if (decode[i] > 0) feed(ctx, ids, decode[i]);
    start = now();
    for (int k = 0; k < tokens; k++) feed(ctx, ids + decode[i] + k, 1);
    printf("%s\"%d\":%.3f", i ? "," : "", decode[i], tokens / (now() - start));
  }
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  printf("},\"peak_rss_mib\":%.3f}\n", used.ru_maxrss / 1024.0);
  return 0;
}
