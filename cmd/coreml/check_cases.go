package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// casesFile is cases.json: recorded predictions of a package.
//
// A run is a sequence of steps over one state, as a conversation is: a package that
// forgets, or that remembers too much, fails in the second step. Names of features
// lead to names of tensors in one file beside it.
type casesFile struct {
	// Paths are relative to the folder of the file, with slashes on every system.
	Package   string `json:"package"`
	Tensors   string `json:"tensors"`
	Tolerance struct {
		MaxAbs float64 `json:"max_abs_over_max"`
		Cosine float64 `json:"cosine"`
	} `json:"tolerance"`
	Runs []struct {
		Function string `json:"function"`
		Steps    []struct {
			Inputs  map[string]string `json:"inputs"`
			Outputs map[string]string `json:"outputs"`
		} `json:"steps"`
		StateAfter map[string]string `json:"state_after"`
	} `json:"runs"`
}

// packagePath returns where the package of the records in dir lies.
func (f *casesFile) packagePath(dir string) (string, error) {
	if f.Package == "" {
		return "", errors.New("cases.json names no package")
	}
	return filepath.Join(dir, filepath.FromSlash(f.Package)), nil
}

// openTensors opens the file with the recorded tensors.
func (f *casesFile) openTensors(dir string) (*recordedTensors, error) {
	if f.Tensors == "" {
		return nil, errors.New("it names no tensors")
	}
	path := filepath.Join(dir, filepath.FromSlash(f.Tensors))
	file, err := openInput(path, formatSafetensors)
	if err != nil {
		return nil, err
	}
	tensors, err := safetensors.New(file, file.size)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return &recordedTensors{tensors, file, path}, nil
}

// recordedTensors is an open file of tensors.
//
// It stays open for all runs: the file may have gigabytes, and only what a step
// names is read.
type recordedTensors struct {
	*safetensors.File
	file *inputFile
	path string
}

// Close closes the file.
func (r *recordedTensors) Close() error { return r.file.Close() }

// Tensor reads a tensor, or says which ones there are.
func (r *recordedTensors) Tensor(name string) (*tensor.Tensor, error) {
	if r.Entry(name) == nil {
		return nil, noTensor(r.path, name, r.Names())
	}
	return r.File.Tensor(name)
}

// cases compares the recorded runs of cases.json.
func (k *checker) cases(ctx context.Context, dir string) (err error) {
	var file casesFile
	if err := readJSON(filepath.Join(dir, "cases.json"), &file); err != nil {
		return err
	}
	if len(file.Runs) == 0 {
		return errors.New("it records no runs")
	}
	path, err := file.packagePath(dir)
	if err != nil {
		return err
	}
	tensors, err := file.openTensors(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tensors.Close()) }()
	// Each function is loaded once, however many runs it has.
	models := map[string]*coreml.Model{}
	defer func() {
		for _, m := range models {
			err = errors.Join(err, m.Close())
		}
	}()
	for i := range file.Runs {
		function := file.Runs[i].Function
		what := fmt.Sprintf("run %d", i)
		if function != "" {
			what += " of " + function
		}
		m := models[function]
		if m == nil {
			if m, err = k.load(ctx, path, function); err != nil {
				return err
			}
			models[function] = m
		}
		figures, err := file.run(ctx, m, i, tensors)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := k.report(dir, what, figures, err); err != nil {
			return err
		}
	}
	return nil
}

// run makes the steps of run i and compares them.
func (f *casesFile) run(ctx context.Context, m *coreml.Model, i int, tensors *recordedTensors) (string, error) {
	r := &f.Runs[i]
	st, err := m.NewState()
	if err != nil {
		return "", err
	}
	// Each run begins with a new state, which is all zero.
	defer st.Close()
	// The figures of a run are those of its worst tensor.
	worst := difference{cosine: 1}
	for n, step := range r.Steps {
		in := coreml.Features{}
		for name, key := range step.Inputs {
			t, err := tensors.Tensor(key)
			if err != nil {
				return "", fmt.Errorf("step %d, input %q: %w", n, name, err)
			}
			// No picture is scaled: a record has the size that the model takes.
			if in[name], err = valueOf(ctx, m.Description().Input(name), t, nil); err != nil {
				return "", fmt.Errorf("step %d, input %q: %w", n, name, err)
			}
		}
		out, err := m.Predict(ctx, in, st, nil)
		if err != nil {
			return "", fmt.Errorf("step %d: %w", n, err)
		}
		// In the order of their names, so that of several that differ it is always
		// the same that is told of.
		for _, name := range slices.Sorted(maps.Keys(step.Outputs)) {
			// Records have arrays only; a label of a classifier is recorded as
			// none.
			got, err := outputArray(out[name])
			if err == nil {
				err = f.compare(&worst, got, tensors, step.Outputs[name])
			}
			if err != nil {
				return "", fmt.Errorf("step %d, output %s: %w", n, name, err)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.StateAfter)) {
		got, err := st.Read(name)
		if err != nil {
			return "", err
		}
		if err := f.compare(&worst, got, tensors, r.StateAfter[name]); err != nil {
			return "", fmt.Errorf("state %s: %w", name, err)
		}
	}
	return fmt.Sprintf("%d steps, %d states, worst error %.2e of the largest value, worst cosine %.7f",
		len(r.Steps), len(r.StateAfter), worst.relative, worst.cosine), nil
}

// compare holds got against the recorded tensor and keeps the worst figures.
func (f *casesFile) compare(worst *difference, got *tensor.Tensor, tensors *recordedTensors, key string) error {
	want, err := tensors.Tensor(key)
	if err != nil {
		return err
	}
	d, err := compare(got, want)
	if err != nil {
		return err
	}
	worst.relative = max(worst.relative, d.relative)
	worst.cosine = min(worst.cosine, d.cosine)
	// Not "greater than": a NaN must not pass.
	if !(d.relative <= f.Tolerance.MaxAbs) || !(d.cosine >= f.Tolerance.Cosine) {
		return fmt.Errorf("error %.3e of the largest value (limit %g), cosine %.7f (limit %g)",
			d.relative, f.Tolerance.MaxAbs, d.cosine, f.Tolerance.Cosine)
	}
	return nil
}

// readJSON reads a JSON file of a sensible size.
func readJSON(path string, v any) error {
	// Records of generation list some thousand numbers.
	const most = 16 << 20
	f, err := openInput(path, formatJSON)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // the file was only read
	data, err := f.all(most)
	if err != nil {
		return err
	}
	return explainJSON(json.Unmarshal(data, v), data)
}
