package embed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// maxModules bounds the list of modules.json; the longest in use has five.
const maxModules = 32

// moduleEntry is one entry of modules.json: a class of sentence-transformers and
// the folder with its settings.
type moduleEntry struct {
	Path string `json:"path"`
	Type string `json:"type"`
}

// readChain follows the modules of a model in their order: the transformer, which
// is the package, a pooling, and layers.
func (s *Settings) readChain(p place, list []moduleEntry) error {
	if len(list) > maxModules {
		return fmt.Errorf("has %d modules, want %d at most", len(list), maxModules)
	}
	seen := map[string]bool{}
	for i, m := range list {
		kind := lastPart(m.Type)
		if m.Path != "" && !fs.ValidPath(m.Path) {
			return fmt.Errorf("path %s is none below this folder", storage.Quote(m.Path))
		}
		if err := s.readModule(p, kind, m.Path, seen); err != nil {
			return fmt.Errorf("module %d: %w", i, err)
		}
		seen[kind] = true
	}
	return nil
}

// readModule takes one module.
func (s *Settings) readModule(p place, kind, dir string, seen map[string]bool) error {
	switch kind {
	case "Transformer":
		if len(seen) > 0 {
			return errors.New("a Transformer behind other modules: not known here")
		}
		return nil
	case "Dropout": // in training alone
		return nil
	case "Pooling":
		if seen[kind] {
			return errors.New("a second Pooling: not known here")
		}
		return s.readPooling(p, dir)
	case "Normalize":
		var f struct {
			Input  *string `json:"module_input_name"`
			Output *string `json:"module_output_name"`
		}
		name := path.Join(dir, configName)
		if dir != "" {
			if _, err := p.readJSON(name, &f); err != nil {
				return err
			}
		}
		if !ofText(f.Input, f.Output) {
			return fileError(name, errNotOfText)
		}
		s.Normalize = true
		s.layers = append(s.layers, layer{kind: normalizeLayer})
		return nil
	case "Dense", "LayerNorm":
		if !seen["Pooling"] {
			return fmt.Errorf("%s before the Pooling: not known here", kind)
		}
		l, err := readLayer(p, kind, dir)
		if err != nil {
			return err
		}
		s.layers = append(s.layers, l)
		return nil
	}
	return fmt.Errorf("type %q is not known here: want Transformer, Pooling, Dense, LayerNorm, Dropout or Normalize", clip(kind))
}

// errNotOfText is the error of a layer for the vectors of tokens.
var errNotOfText = errors.New("a layer for something else than the text's vector: not known here")

// ofText reports whether a layer reads and writes the vector of the text.
func ofText(input, output *string) bool {
	const key = "sentence_embedding"
	return valueOr(input, key) == key && valueOr(output, key) == key
}

// readPooling reads the settings of a Pooling module.
func (s *Settings) readPooling(p place, dir string) error {
	name := path.Join(dir, configName)
	var f poolingFile
	found, err := p.readJSON(name, &f)
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("%s: %w", storage.Quote(name), fs.ErrNotExist)
	}
	return fileError(name, s.setPooling(&f))
}

// poolingFile is 1_Pooling/config.json: a switch for each pooling in older files,
// a name or a list of names in newer ones.
type poolingFile struct {
	CLS           *bool           `json:"pooling_mode_cls_token"`
	Max           *bool           `json:"pooling_mode_max_tokens"`
	Mean          *bool           `json:"pooling_mode_mean_tokens"`
	MeanSqrt      *bool           `json:"pooling_mode_mean_sqrt_len_tokens"`
	Weighted      *bool           `json:"pooling_mode_weightedmean_tokens"`
	Last          *bool           `json:"pooling_mode_lasttoken"`
	Mode          json.RawMessage `json:"pooling_mode"`
	IncludePrompt *bool           `json:"include_prompt"`
}

// modes are the names of newer files.
var modes = map[string]Pooling{
	"cls": PoolingCLS, "max": PoolingMax, "mean": PoolingMean, "mean_sqrt_len_tokens": PoolingMeanSqrt,
	"weightedmean": PoolingWeightedMean, "lasttoken": PoolingLast,
}

// setPooling takes the settings of a file.
func (s *Settings) setPooling(f *poolingFile) error {
	s.SkipPrompt = !valueOr(f.IncludePrompt, true)
	var list []string
	if len(f.Mode) > 0 && string(f.Mode) != "null" {
		names, err := textOrList(f.Mode)
		if err != nil {
			return fmt.Errorf("pooling_mode: %w", err)
		}
		for _, name := range names {
			p, ok := modes[name]
			if !ok {
				return fmt.Errorf("pooling_mode is %q, want one of %s", clip(name), quotedList(sortedKeys(modes)))
			}
			list = append(list, string(p))
		}
	} else {
		for i, on := range []*bool{f.CLS, f.Max, f.Mean, f.MeanSqrt, f.Weighted, f.Last} {
			if valueOr(on, false) {
				list = append(list, string(poolings[i]))
			}
		}
	}
	if len(list) == 0 {
		list = []string{string(PoolingMean)} // as sentence-transformers does
	}
	if len(list) > len(poolings) || len(list) != len(slices.Compact(slices.Sorted(slices.Values(list)))) {
		return errors.New("a pooling comes twice")
	}
	s.Pooling = Pooling(strings.Join(list, "+"))
	return nil
}

// textOrList reads a string or a list of them.
func textOrList(raw json.RawMessage) ([]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var many []string
	if json.Unmarshal(raw, &many) != nil {
		return nil, errors.New("is neither a name nor a list of names")
	}
	return many, nil
}
