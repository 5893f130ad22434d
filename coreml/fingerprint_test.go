package coreml_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
)

func TestAFingerprintTellsModelsApart(t *testing.T) {
	of := func(change func(dir string)) string {
		t.Helper()
		dir := t.TempDir()
		if err := os.CopyFS(dir, storyteller.FS()); err != nil {
			t.Fatal(err)
		}
		pkg := filepath.Join(dir, storyteller.Package)
		change(pkg)
		m, err := coreml.Load(t.Context(), pkg, portable)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := m.Fingerprint(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that has ended: %v", err)
		}
		text, err := m.Fingerprint(t.Context())
		if err != nil || len(text) != 64 {
			t.Fatalf("got %q, %v", text, err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		if again, err := m.Fingerprint(t.Context()); err != nil || again != text {
			t.Errorf("after Close it is %q, %v", again, err)
		}
		return text
	}
	first := of(func(string) {})
	same := of(func(dir string) {
		for _, name := range []string{".DS_Store", "Manifest.json"} { // names within the manifest change with each copy
			path := filepath.Join(dir, name)
			data, _ := os.ReadFile(path)
			if err := os.WriteFile(path, append(data, '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	if same != first {
		t.Error("another copy has another fingerprint")
	}
	other := of(func(dir string) {
		list, err := filepath.Glob(filepath.Join(dir, "Data", "*", "weights", "weight.bin"))
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		data, err := os.ReadFile(list[0])
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)-5] ^= 1
		if err := os.WriteFile(list[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if other == first {
		t.Error("another weight makes no difference")
	}
	m, err := coreml.Load(t.Context(), filepath.Join("..", "examples", "storyteller", "model", storyteller.Package), portable)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fingerprint(t.Context()); !errors.Is(err, coreml.ErrClosed) {
		t.Errorf("of a closed model: %v", err)
	}
}
