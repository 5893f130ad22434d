// llama_samplers.c: what llama.cpp's samplers make of logits, for llama_samplers.py.
//
// Reads cases on standard input, a line each: a sampler's name, its parameters, the tokens
// before, and the candidates. Writes for each step of a case the candidates that are left,
// each as id:logit:p, and the index of the chosen one.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llama.h"

static int number(void) { int n; if (scanf("%d", &n) != 1) exit(2); return n; }
static float real(void) { float x; if (scanf("%f", &x) != 1) exit(2); return x; }

static void silent(enum ggml_log_level level, const char * text, void * data) { (void) level; (void) text; (void) data; }

// text reads hexadecimal bytes.
static char * text(void) {
    char hex[256];
    if (scanf("%255s", hex) != 1) exit(2);
    size_t n = strlen(hex) / 2;
    char * out = calloc(n + 1, 1);
    for (size_t i = 0; i < n; i++) { unsigned b; sscanf(hex + 2 * i, "%2x", &b); out[i] = (char) b; }
    return out;
}

static void step(struct llama_sampler * s) {
    int n = number();
    llama_token_data * data = calloc(n, sizeof *data);
    for (int i = 0; i < n; i++) { data[i].id = number(); data[i].logit = real(); }
    llama_token_data_array cur = { data, (size_t) n, -1, false };
    llama_sampler_apply(s, &cur);
    for (size_t i = 0; i < cur.size; i++) printf("%d:%.9g:%.9g ", cur.data[i].id, cur.data[i].logit, cur.data[i].p);
    printf("| %d\n", cur.selected >= 0 ? cur.data[cur.selected].id : -1);
    free(data);
}

int main(int argc, char ** argv) {
    if (argc != 2) { fprintf(stderr, "usage: llama_samplers VOCABULARY.gguf < cases\n"); return 2; }
    llama_log_set(silent, NULL);
    struct llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    struct llama_model * model = llama_model_load_from_file(argv[1], params);
    if (!model) { fprintf(stderr, "%s: no model\n", argv[1]); return 1; }
    const struct llama_vocab * vocab = llama_model_get_vocab(model);
    char name[32];
    while (scanf("%31s", name) == 1) {
        struct llama_sampler * s = NULL;
        if (!strcmp(name, "sigma")) {
            s = llama_sampler_init_top_n_sigma(real());
        } else if (!strcmp(name, "xtc")) {
            float p = real(), t = real();
            s = llama_sampler_init_xtc(p, t, 1, 1);
        } else if (!strcmp(name, "mirostat")) {
            float tau = real(), eta = real();
            s = llama_sampler_init_mirostat_v2((uint32_t) number(), tau, eta);
        } else if (!strcmp(name, "penalties")) {
            int last = number();
            float repeat = real(), frequency = real(), presence = real();
            s = llama_sampler_init_penalties(llama_vocab_n_tokens(vocab), last, repeat, frequency, presence);
        } else if (!strcmp(name, "dry")) {
            float multiplier = real(), base = real();
            int allowed = number(), last = number(), n = number();
            const char * breakers[64];
            for (int i = 0; i < n; i++) breakers[i] = text();
            s = llama_sampler_init_dry(vocab, multiplier, base, allowed, last, breakers, n);
        }
        if (!s) { fprintf(stderr, "%s: no sampler\n", name); return 2; }
        for (int n = number(); n > 0; n--) llama_sampler_accept(s, number());
        for (int n = number(); n > 0; n--) step(s);
        llama_sampler_free(s);
    }
    return 0;
}
