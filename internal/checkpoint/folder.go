package checkpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/internal/storage"
)

// The files of a folder, and the most that is read of them. A configuration has some
// kilobytes, one of a classifier with its labels some hundreds, an index of a thousand
// tensors a hundred; a vocabulary may have some tens of megabytes.
const (
	configName = "config.json"
	indexName  = "model.safetensors.index.json"
	weights    = "model.safetensors"

	maxConfig = 16 << 20
	maxIndex  = 64 << 20
	maxSide   = 64 << 20
	maxShards = 4096
)

// sideFiles are the files that belong beside the converted model.
var sideFiles = []string{
	"generation_config.json",
	"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
	"chat_template.jinja", "chat_template.json",
	"tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "tekken.json", "tiktoken.model",
	"vocab.json", "merges.txt", "vocab.txt",
	// Those of sentence-transformers: how vectors of tokens become one of the text.
	"modules.json", "config_sentence_transformers.json", "sentence_bert_config.json", "1_Pooling/config.json",
	"2_Dense/config.json", "2_Dense/model.safetensors", "2_Normalize/config.json",
}

// A decoder makes the tensors of a folder whose weights are quantised already. It is
// given config.json by key, and all stored tensors; what it returns has the names that
// transformers gives them before quantisation.
type decoder func(ctx context.Context, config map[string]json.RawMessage, stored map[string]*Stored) (map[string]Tensor, error)

// decoders are the known ways of quantising, by quant_method of quantization_config,
// or "mlx" for MLX's own key quantization. A way is added here and in a file of its own.
var decoders = map[string]decoder{
	"mlx":                decodeMLX,
	"gptq":               decodeGPTQ,
	"awq":                decodeAWQ,
	"compressed-tensors": decodeCompressed,
	"fp8":                decodeFP8,
	"fbgemm_fp8":         decodeFP8,
}

// openFolder opens a folder in the form of Hugging Face's hub.
func openFolder(ctx context.Context, dir string) (_ *Checkpoint, err error) {
	fsys := os.DirFS(dir)
	raw, err := storage.ReadOptional(fsys, configName, maxConfig)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return openWithoutConfig(ctx, dir)
	}
	var config map[string]json.RawMessage
	if err := json.Unmarshal(raw, &config); err != nil || config == nil {
		return nil, fmt.Errorf("%w: %s is not a JSON object", ErrFormat, configName)
	}
	c := &Checkpoint{Form: "safetensors", Config: raw, Files: map[string][]byte{}}
	for _, name := range sideFiles {
		data, err := storage.ReadOptional(fsys, name, maxSide)
		if err != nil {
			return nil, err
		}
		if data != nil {
			if filepath.Ext(name) == ".json" && !json.Valid(data) {
				return nil, fmt.Errorf("%w: %s is not JSON", ErrFormat, name)
			}
			c.Files[name] = data
		}
	}
	shards, err := shardsIn(fsys)
	if err != nil {
		return nil, err
	}
	set := &shardSet{tensors: map[string]*Stored{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, set.Close())
		}
	}()
	c.close = set.Close
	for _, name := range slices.Sorted(maps.Keys(shards)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := set.add(fsys, name, shards[name]); err != nil {
			return nil, err
		}
	}
	c.Tensors, err = decode(ctx, config, set.tensors, c)
	return c, err
}

// openWithoutConfig opens the one GGUF file of a folder, or says what the folder is.
func openWithoutConfig(ctx context.Context, dir string) (*Checkpoint, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		switch name := strings.ToLower(e.Name()); {
		case strings.HasSuffix(name, ".gguf"):
			found = append(found, e.Name())
		case name == "adapter_config.json":
			return nil, fmt.Errorf("%w: the folder holds an adapter (%s), not a model: convert the base model and name the adapter beside it", ErrFormat, e.Name())
		}
	}
	if len(found) == 1 || len(found) > 1 && areParts(found) {
		return openFile(ctx, filepath.Join(dir, found[0]))
	}
	if len(found) > 1 {
		return nil, fmt.Errorf("%w: the folder holds %d GGUF files, such as %s: name one of them", ErrFormat, len(found), storage.Quote(found[0]))
	}
	return nil, fmt.Errorf("%w: there is no %s in the folder", ErrFormat, configName)
}

// shardsIn finds the weight files of a folder, with the tensors that an index promises
// of each; nil where there is no index.
func shardsIn(fsys fs.FS) (map[string][]string, error) {
	index, err := storage.ReadOptional(fsys, indexName, maxIndex)
	if err != nil {
		return nil, err
	}
	if index != nil {
		return readIndex(index)
	}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	var single []string
	pickle, other := "", ""
	for _, e := range entries {
		switch name := e.Name(); {
		case name == weights:
			return map[string][]string{weights: nil}, nil
		case strings.HasSuffix(name, ".safetensors"):
			single = append(single, name)
		case pickled(name):
			pickle = name
		case foreign(name):
			other = name
		}
	}
	switch {
	case len(single) == 1:
		return map[string][]string{single[0]: nil}, nil
	case len(single) > 1:
		return nil, fmt.Errorf("%w: there are %d safetensors files and no %s that says what is in them", ErrFormat, len(single), indexName)
	case pickle != "":
		return nil, pickleError(pickle)
	case other != "":
		return nil, fmt.Errorf("%w: %s holds weights of another framework, which are not read: load the model in transformers and write it with save_pretrained(folder, safe_serialization=True)", ErrFormat, storage.Quote(other))
	}
	return nil, fmt.Errorf("%w: there is no %s in the folder, nor %s", ErrFormat, weights, indexName)
}

// readIndex reads model.safetensors.index.json: {"weight_map": {tensor: file}}.
func readIndex(data []byte) (map[string][]string, error) {
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, indexName, storage.JSONError(err))
	}
	if len(index.WeightMap) == 0 {
		return nil, fmt.Errorf("%w: %s has no weight_map", ErrFormat, indexName)
	}
	shards := map[string][]string{}
	for tensor, file := range index.WeightMap {
		// A file of another folder is none of the checkpoint's, whatever the index says.
		if file != filepath.Base(file) || !filepath.IsLocal(file) || strings.ContainsAny(file, `/\`) || !strings.HasSuffix(file, ".safetensors") {
			return nil, fmt.Errorf("%w: %s names the file %s for %s, which is no safetensors file of its folder", ErrFormat, indexName, storage.Quote(file), storage.Quote(tensor))
		}
		shards[file] = append(shards[file], tensor)
		if len(shards) > maxShards {
			return nil, fmt.Errorf("%w: %s names more than %d files", ErrFormat, indexName, maxShards)
		}
	}
	for _, tensors := range shards {
		slices.Sort(tensors)
	}
	return shards, nil
}

// shardSet is the open weight files of a folder and the tensors in them.
type shardSet struct {
	files   []*safetensors.File
	tensors map[string]*Stored
}

// add opens a weight file. Promised are the tensors that the index says are in it, or
// nil.
func (s *shardSet) add(fsys fs.FS, name string, promised []string) error {
	f, err := safetensors.Open(fsys, name)
	if err != nil {
		return storage.Also(err, ErrFormat)
	}
	s.files = append(s.files, f)
	for i := range f.Entries {
		e := &f.Entries[i]
		if s.tensors[e.Name] != nil {
			return fmt.Errorf("%w: the tensor %s lies in two files, one of them %s", ErrFormat, storage.Quote(e.Name), storage.Quote(name))
		}
		s.tensors[e.Name] = &Stored{file: f, entry: e}
	}
	for _, tensor := range promised {
		if f.Entry(tensor) == nil {
			return fmt.Errorf("%w: %s says that the tensor %s lies in %s, and it does not", ErrFormat, indexName, storage.Quote(tensor), storage.Quote(name))
		}
	}
	return nil
}

// Close closes the files.
func (s *shardSet) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// decode turns what is stored into what the model's weights are.
func decode(ctx context.Context, config map[string]json.RawMessage, stored map[string]*Stored, c *Checkpoint) (map[string]Tensor, error) {
	method, err := quantMethod(config)
	if err != nil {
		return nil, err
	}
	if method != "" {
		d := decoders[method]
		if d == nil {
			return nil, fmt.Errorf("%w: quantization_config: weights that %s has quantised are not read: convert the model that it was made from", ErrFormat, storage.Quote(method))
		}
		c.Form += ", " + method
		out, err := d(ctx, config, stored)
		if err == nil && method != "compressed-tensors" && !anyDecoded(out) { // that has a dense format
			err = fmt.Errorf("%w: %s: quantization_config says that %s has quantised the weights, and no tensor has its codes", ErrFormat, configName, method)
		}
		return out, err
	}
	out := make(map[string]Tensor, len(stored))
	for name, t := range stored {
		out[name] = t
	}
	return out, nil
}

// anyDecoded reports whether a tensor is another than what is stored.
func anyDecoded(tensors map[string]Tensor) bool {
	for _, t := range tensors {
		if _, plain := t.(*Stored); !plain {
			return true
		}
	}
	return false
}

// quantMethod says how the weights of a folder were quantised, "" where they were not.
// MLX writes its settings under quantization, and again under the name that
// transformers uses, without a method.
func quantMethod(config map[string]json.RawMessage) (string, error) {
	if q := config["quantization"]; len(q) > 0 && string(q) != "null" {
		return "mlx", nil
	}
	q := config["quantization_config"]
	if len(q) == 0 || string(q) == "null" {
		return "", nil
	}
	var settings struct {
		Method string `json:"quant_method"`
	}
	if err := json.Unmarshal(q, &settings); err != nil {
		return "", fmt.Errorf("%w: %s: quantization_config: %w", ErrFormat, configName, storage.JSONError(err))
	}
	if settings.Method == "" {
		return "", fmt.Errorf("%w: %s: quantization_config has no quant_method", ErrFormat, configName)
	}
	return settings.Method, nil
}
