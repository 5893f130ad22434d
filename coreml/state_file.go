package coreml

import (
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// Keys and values of the metadata that mark a saved state.
const (
	stateFormatKey = "coreml.state"
	stateFormat    = "1"
	stateFeatures  = "coreml.state.features"
)

// Save writes the state to w as a safetensors file with one tensor for each
// buffer. The file names the buffers, their types and their shapes, so that
// Restore can refuse one that does not fit, and is otherwise readable by every
// program that reads safetensors.
//
// The state is in use until Save returns. A state that a prediction left
// half-way is refused with [ErrStateFailed].
func (s *State) Save(w io.Writer) error {
	err := s.save(w)
	runtime.KeepAlive(s)
	if err != nil {
		return fail("save state", err)
	}
	return nil
}

func (s *State) save(w io.Writer) error {
	h := s.handle()
	if err := h.acquire(); err != nil {
		return err
	}
	defer h.release()
	if w == nil {
		return errNoWriter
	}
	if err := h.err(); err != nil {
		return err
	}
	specs := make([]safetensors.Spec, len(h.features))
	for i := range specs {
		f := &h.features[i]
		specs[i] = safetensors.Spec{Name: f.Name, DType: f.DType, Shape: f.Shape}
	}
	out, err := safetensors.NewWriter(w, specs, map[string]string{
		stateFormatKey: stateFormat,
		stateFeatures:  signature(h.features),
	})
	if err != nil {
		return err
	}
	for i := range h.features {
		t, err := h.state.Read(h.features[i].Name)
		if err != nil {
			return err
		}
		if err := out.Write(t); err != nil {
			return err
		}
	}
	return out.Close()
}

// Restore replaces the content of every buffer by what Save wrote. It reads
// exactly the saved file from r and checks all of it before it changes
// anything: after an error the state is what it was before, unless the engine
// itself failed, which [State.Err] tells.
//
// A file of other buffers, types or shapes is refused with [ErrStateMismatch].
// Its content is held in memory once more while Restore runs.
func (s *State) Restore(r io.Reader) error {
	err := s.restore(r)
	runtime.KeepAlive(s)
	if err != nil {
		return fail("restore state", err)
	}
	return nil
}

func (s *State) restore(r io.Reader) error {
	h := s.handle()
	if err := h.acquire(); err != nil {
		return err
	}
	defer h.release()
	if r == nil {
		return errNoReader
	}
	header, err := safetensors.ReadHeader(r)
	if err != nil {
		return err
	}
	if err := h.checkSaved(header); err != nil {
		return err
	}
	tensors := make([]*tensor.Tensor, len(header.Entries))
	for i := range tensors {
		if tensors[i], err = header.Entries[i].Read(r); err != nil {
			return err
		}
	}
	for i, t := range tensors {
		if err := h.state.Write(header.Entries[i].Name, t); err != nil {
			h.end(err)
			return err
		}
	}
	h.failure.Store(nil)
	return nil
}

// checkSaved says whether a file holds a state like this one. The buffers' own
// sizes bound what the caller then reads.
func (h *stateHandle) checkSaved(header *safetensors.Header) error {
	switch v := header.Metadata[stateFormatKey]; v {
	case stateFormat:
	case "":
		return fmt.Errorf("%w: the file is no saved state", ErrStateMismatch)
	default:
		return fmt.Errorf("%w: the file has version %s, want %q", ErrStateMismatch, mil.Quote(v), stateFormat)
	}
	got := make([]FeatureDescription, len(header.Entries))
	for i, e := range header.Entries {
		got[i] = FeatureDescription{Name: e.Name, Kind: KindState, DType: e.Type(), Shape: e.Shape}
	}
	if err := sameStates(h.features, got); err != nil {
		return err
	}
	if sig := header.Metadata[stateFeatures]; sig != signature(h.features) {
		return fmt.Errorf("%w: the file says of itself that it holds %s", ErrStateMismatch, mil.Quote(sig))
	}
	return nil
}

// signature names the buffers with their types and shapes, in the order of the
// names.
func signature(list []FeatureDescription) string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = fmt.Sprintf("%s %v %v", list[i].Name, list[i].DType, list[i].Shape)
	}
	slices.Sort(out)
	return fmt.Sprint(out)
}
