package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/gocoreml/coreml/coreml"
)

// Inputs and states from the files that the flags of predict name.

// readInputs reads a file of values by name into in.
func readInputs(ctx context.Context, path string, d *coreml.Description, opts *imageOptions, in coreml.Features) error {
	f, err := openInput(path, formatUnknown)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // the file was only read
	if f.format != formatJSON {
		return usagef("--inputs takes a .json file; for %s, say for which input: --input NAME=%s", path, path)
	}
	text, err := f.all(maxRequest)
	if err != nil {
		return err
	}
	// Editors on Windows begin files with a byte order mark, which JSON does not
	// have.
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if len(text) == 0 || text[0] != '{' {
		return fmt.Errorf("%s: want an object of values by the names of inputs", path)
	}
	err = eachField(&jsonText{text: text}, func(name string, raw []byte) error {
		if err := checkName(d, name); err != nil {
			return err
		}
		v, err := decodeValue(ctx, raw, d.Input(name), opts)
		in[name] = v
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readValue reads the value of an input from a file. Of a file with several
// arrays it takes the one called key. d is nil when there is no such input.
func readValue(ctx context.Context, path, key string, d *coreml.FeatureDescription, opts *imageOptions) (coreml.Value, error) {
	f, err := openInput(path, formatUnknown)
	if err != nil {
		return coreml.Value{}, err
	}
	defer f.Close() //nolint:errcheck // the file was only read
	if f.format != formatJSON {
		return f.value(ctx, key, d, opts)
	}
	text, err := f.all(maxRequest)
	if err != nil {
		return coreml.Value{}, err
	}
	v, err := decodeText(ctx, text, d, opts)
	if err != nil {
		return coreml.Value{}, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// decodeText reads the value that is the whole of a JSON text.
func decodeText(ctx context.Context, text []byte, d *coreml.FeatureDescription, opts *imageOptions) (coreml.Value, error) {
	t := &jsonText{text: bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))}
	raw, err := t.value(maxJSONDepth)
	if err == nil {
		err = t.end()
	}
	if err != nil {
		return coreml.Value{}, err
	}
	return decodeValue(ctx, raw, d, opts)
}

func restoreState(st *coreml.State, path string) (err error) {
	f, err := openInput(path, formatSafetensors)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // the file was only read
	if err := st.Restore(f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
