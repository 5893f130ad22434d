package generate

import (
	"encoding/json"
	"errors"
	"maps"
	"path"
	"slices"

	"github.com/gocoreml/coreml/internal/storage"
)

// modelConfigName is the file with which CoreML-LLM describes a folder of packages.
const modelConfigName = "model_config.json"

// modelConfig is what of model_config.json is compared with the packages.
type modelConfig struct {
	context, vocabulary int               // -1 where it is not said
	parts               map[string]string // files by the names of the parts
}

// readModelConfig reads model_config.json beside the packages, nil where there is none
// or where it is of something else.
func (s *source) readModelConfig(b *beside) (*modelConfig, error) {
	data, err := storage.ReadOptional(s.fsys, path.Join(path.Dir(s.pkg), modelConfigName), maxConfigBytes)
	switch {
	case errors.Is(err, storage.ErrTooLong):
		return nil, &DriverError{Field: modelConfigName, Reason: err.Error(), Err: err}
	case err != nil || data == nil:
		return nil, err
	}
	return parseModelConfig(b, data)
}

func parseModelConfig(b *beside, data []byte) (*modelConfig, error) {
	fields, err := jsonObject(data)
	if err != nil {
		return nil, &DriverError{Field: modelConfigName, Reason: err.Error(), Err: err}
	}
	var parts map[string]json.RawMessage
	if json.Unmarshal(fields["parts"], &parts) != nil || len(parts) == 0 || len(parts) > maxPackages {
		return nil, nil // another tool's file of that name
	}
	c := &modelConfig{parts: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		var file string
		if json.Unmarshal(parts[name], &file) == nil { // others hold lists and numbers
			c.parts[name] = file
		}
	}
	for key, n := range map[string]*int{"context_length": &c.context, "vocab_size": &c.vocabulary} {
		if *n, err = b.number(key, string(fields[key])); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// check compares the file with the packages.
func (c *modelConfig) check(b *beside, d *Driver) error {
	if c == nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(c.parts))
	other := b.opened != "" && !slices.ContainsFunc(names, func(name string) bool { return stemOf(path.Base(c.parts[name])) == stemOf(b.opened) })
	for _, name := range names {
		if err := b.hasFile("parts."+name, c.parts[name], true); err != nil {
			return err
		}
	}
	if other {
		return nil // the file is of another package in the folder
	}
	if c.context > 0 && d.ContextLength == 0 {
		if err := b.context("context_length", c.context); err != nil {
			return err
		}
	}
	if c.vocabulary > 0 {
		return b.vocabulary("vocab_size", c.vocabulary)
	}
	return nil
}
