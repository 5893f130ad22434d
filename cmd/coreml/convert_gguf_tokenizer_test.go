package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml/convert"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tokenizer"
)

// vocabularyFile is what of tokenizer.json goes into a GGUF file.
type vocabularyFile struct {
	Added []struct {
		ID      int
		Content string
		Special bool
	} `json:"added_tokens"`
	Model struct {
		Vocab  map[string]int
		Merges []json.RawMessage
	}
}

// ggufTokenizers are tokenizers with llama.cpp's names of their ways to cut texts, empty
// for SentencePiece's.
var ggufTokenizers = map[string]string{
	"gpt2": "gpt-2", "phi2": "phi-2", "smollm2": "smollm", "qwen3": "qwen2", "mistral-nemo": "tekken", "gptoss": "gpt-4o", "falcon": "falcon",
	"llama3": "llama-bpe", "llama3.1": "llama-bpe", "gpt4o": "gpt-4o", "deepseek-v3": "deepseek-v3",
	"mistral-v1": "", "mistral-v3": "", "llama2": "", "gemma3": "",
}

// looksSpecial are tokens that the converter takes for special ones by their looks.
var looksSpecial = regexp.MustCompile(`^(<\|.*\|>|<｜.*｜>)$`)

// ggufOf makes a model with a tokenizer as llama.cpp's converter does of tokenizer.json. Of
// SentencePiece's every token has a score, the better the earlier the first merge that
// makes it.
func ggufOf(t *testing.T, file, name string) []byte {
	t.Helper()
	pre := ggufTokenizers[name]
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var v vocabularyFile
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, id := range v.Model.Vocab {
		n = max(n, id+1)
	}
	for _, a := range v.Added {
		n = max(n, a.ID+1)
	}
	tokens, kinds, scores := make([]string, n), slices.Repeat([]int32{5}, n), slices.Repeat([]float32{-1e9}, n)
	for i := range tokens {
		tokens[i] = fmt.Sprintf("[PAD%d]", i)
	}
	for text, id := range v.Model.Vocab {
		tokens[id], kinds[id] = text, 1
		if pre == "" && strings.HasPrefix(text, "<0x") && len(text) == 6 {
			kinds[id] = 6
		}
	}
	for _, a := range v.Added {
		switch {
		case a.Content == "<unk>" && pre == "":
			tokens[a.ID], kinds[a.ID] = a.Content, 2
		case a.Special || looksSpecial.MatchString(a.Content):
			tokens[a.ID], kinds[a.ID] = a.Content, 3
		default:
			tokens[a.ID], kinds[a.ID] = strings.ReplaceAll(a.Content, "\u2581", " "), 4
		}
	}
	merges := mergesOf(t, v.Model.Merges)
	for i, m := range slices.Backward(merges) {
		scores[v.Model.Vocab[strings.Replace(m, " ", "", 1)]] = float32(-i)
	}
	g := ggufLlama(n)
	g.key("tokenizer.ggml.tokens", tokens)
	g.key("tokenizer.ggml.token_type", kinds)
	g.key("tokenizer.ggml.add_bos_token", false)
	if pre == "" {
		g.key("tokenizer.ggml.model", "llama")
		g.key("tokenizer.ggml.scores", scores)
		g.key("tokenizer.ggml.add_space_prefix", name != "gemma3")
		g.key("tokenizer.ggml.unknown_token_id", uint32(v.Model.Vocab["<unk>"]))
		return g.bytes()
	}
	g.key("tokenizer.ggml.model", "gpt2")
	g.key("tokenizer.ggml.pre", pre)
	g.key("tokenizer.ggml.merges", merges)
	return g.bytes()
}

// mergesOf returns merges as texts, which newer files have as pairs.
func mergesOf(t *testing.T, list []json.RawMessage) []string {
	t.Helper()
	var merges []string
	for _, m := range list {
		var pair []string
		var one string
		if json.Unmarshal(m, &one) != nil {
			if err := json.Unmarshal(m, &pair); err != nil {
				t.Fatal(err)
			}
			one = strings.Join(pair, " ")
		}
		merges = append(merges, one)
	}
	return merges
}

// The tokenizer that a GGUF file describes cuts texts as the one that its metadata were
// made from: what Hugging Face's tokenizers gives for texts that are hard to cut.
func TestTokenizersOfGGUFFilesGiveTheIDsOfTheOriginals(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skip("set COREML_FIXTURES to the fixtures' folder, beside which the tokenizers lie")
	}
	root := filepath.Join(fixtures, "..", "tokenizers")
	var corpus []string
	testutil.EachLine(t, filepath.Join(root, "golden", "corpus.jsonl.gz"), func(line []byte) {
		var x struct{ T string }
		if err := json.Unmarshal(line, &x); err != nil {
			t.Fatal(err)
		}
		corpus = append(corpus, x.T)
	})
	for _, name := range slices.Sorted(maps.Keys(ggufTokenizers)) {
		t.Run(name, func(t *testing.T) {
			from := filepath.Join(root, "models", name, "tokenizer.json")
			if more := os.Getenv("COREML_TOKENIZERS"); more != "" && !onDisk(from) {
				from = filepath.Join(more, name, "tokenizer.json")
			}
			info, err := os.Stat(from)
			switch {
			case err != nil:
				t.Skipf("SKIPPED: %s: its tokenizer may not be redistributed; put it under COREML_TOKENIZERS", t.Name())
			case testing.Short() && info.Size() > 3<<20:
				t.Skipf("SKIPPED: %s: a tokenizer of %d MB takes long to load", t.Name(), info.Size()>>20)
			}
			dir := t.TempDir()
			file := filepath.Join(dir, "model.gguf")
			if err := os.WriteFile(file, ggufOf(t, from, name), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := convert.Convert(t.Context(), file, filepath.Join(dir, "m.mlpackage"), nil); err != nil {
				t.Fatal(err)
			}
			tok, err := tokenizer.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			n, wrong := 0, 0
			testutil.EachLine(t, filepath.Join(root, "golden", name+".jsonl.gz"), func(line []byte) {
				x := struct {
					I   *int
					T   *string
					IDs []int
				}{}
				if err := json.Unmarshal(line, &x); err != nil {
					t.Fatal(err)
				}
				if x.IDs == nil {
					return
				}
				text := ""
				switch {
				case x.T != nil:
					text = *x.T
				case x.I != nil:
					text = corpus[*x.I]
				default:
					return
				}
				// transformers puts a space before the text alone, and none where there is one;
				// SentencePiece and llama.cpp before each text between tokens. And of tokens that
				// the user of SentencePiece defined the converter writes spaces for "\u2581".
				if name == "mistral-v3" && (strings.HasPrefix(text, " ") || strings.ContainsAny(text, "[<")) ||
					ggufTokenizers[name] == "" && strings.Contains(text, "\u2581") {
					return
				}
				n++
				got, err := tok.Encode(text, false)
				if err != nil || !slices.Equal(got, x.IDs) {
					if wrong++; wrong <= 5 {
						t.Errorf("%q: %v (%v), want %v", text[:min(len(text), 200)], got[:min(len(got), 30)], err, x.IDs[:min(len(x.IDs), 30)])
					}
				}
			})
			if wrong > 0 || n < 100 {
				t.Errorf("%d of %d texts are cut otherwise", wrong, n)
			}
		})
	}
}

// Every way to cut texts that llama.cpp has a name for either is known or is refused by
// that name. What tells many of them apart is whether digits stay together.
func TestWaysToCutTextsAreKnownByName(t *testing.T) {
	tokens := []string{"Ġ"}
	for c := '!'; c <= '~'; c++ {
		tokens = append(tokens, string(c))
	}
	tokens = append(tokens, "12", "ab")
	for pre, pieces := range map[string]int{
		"default": 4, "gpt-2": 4, "falcon": 4, "glm4": 4, "deepseek-v3": 4, "hunyuan-dense": 4, "bloom": 4, "poro-chat": 4, "gpt-4o": 4, "kanana2": 4, "midm-2.0": 4,
		"smollm": 5, "qwen2": 5, "qwen35": 5, "kormo": 5, "seed-coder": 5, "deepseek-coder": 5, "viking": 5, "tekken": 5,
		"kimi-k2": 0, "superbpe": 0, "chameleon": 0, "gpt-9": 0,
	} {
		dir := t.TempDir()
		g := ggufLlama(len(tokens))
		g.key("tokenizer.ggml.model", "gpt2")
		g.key("tokenizer.ggml.pre", pre)
		g.key("tokenizer.ggml.tokens", tokens)
		g.key("tokenizer.ggml.add_bos_token", false)
		g.key("tokenizer.ggml.merges", []string{"1 2", "a b"})
		file := filepath.Join(dir, "m.gguf")
		if err := os.WriteFile(file, g.bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		r := call(t, "convert", file, filepath.Join(dir, "m.mlpackage"), "-q")
		if pieces == 0 {
			r.want(t, exitFailure, "", `"`+pre+`"`)
			continue
		}
		r.want(t, exitOK, "", "")
		tok, err := tokenizer.Load(dir)
		if err != nil {
			t.Fatalf("%s: %v", pre, err)
		}
		const text = "ab 12!"
		ids, err := tok.Encode(text, false)
		if err != nil || len(ids) != pieces || tok.Decode(ids, false) != text {
			t.Errorf("%s: %q becomes %v (%v), want %d tokens", pre, text, ids, err, pieces)
		}
	}
}
