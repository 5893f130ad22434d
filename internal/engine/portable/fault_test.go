//go:build unix

package portable

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
)

// TestAFileCutShortWhileAPackageIsPlannedIsAnError ends the process where planning
// and folding do not watch for faults.
func TestAFileCutShortWhileAPackageIsPlannedIsAnError(t *testing.T) {
	for _, place := range []string{"model.mlmodel", "weights/weight.bin"} {
		for _, size := range []int64{0, 4096} {
			t.Run(filepath.Base(place), func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "m.mlpackage")
				if err := os.CopyFS(dir, os.DirFS("../../../testdata/fixtures/llama-fp16/model.mlpackage")); err != nil {
					t.Fatal(err)
				}
				pkg, err := modelpkg.OpenPath(dir)
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := pkg.Close(); err != nil {
						t.Error(err)
					}
				}()
				if _, err := pkg.Blob(modelpkg.WeightFileName, 64); err != nil { // maps the file
					t.Fatal(err)
				}
				name := filepath.Join(dir, "Data/com.apple.CoreML", place)
				if err := errors.Join(os.Chmod(name, 0o600), os.Truncate(name, size)); err != nil {
					t.Fatal(err)
				}
				_, err = load(t.Context(), pkg, engine.Config{})
				if !errors.Is(err, storage.ErrFault) || !strings.Contains(err.Error(), filepath.Base(place)) {
					t.Errorf("got %v, want a fault in %s", err, place)
				}
			})
		}
	}
}

// wild is what the runtime throws for an address that is nobody's.
type wild struct{}

func (wild) Error() string { return "fault" }

func (wild) RuntimeError() {}

func (wild) Addr() uintptr { return 0x1234567 }

func TestOnlyFaultsInMappedFilesBecomeErrors(t *testing.T) {
	if err := plan.Faulted(errors.New("a mistake")); err != nil {
		t.Errorf("a mistake passes for %v", err)
	}
	defer func() {
		if r := recover(); r != (wild{}) {
			t.Errorf("a wild access was answered with %v", r)
		}
	}()
	err := plan.Faulted(wild{})
	t.Errorf("a wild access passes for %v", err)
}
