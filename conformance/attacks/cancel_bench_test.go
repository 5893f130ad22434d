//go:build linux

package attacks_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/enginetest"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
	"github.com/gocoreml/coreml/tokenizer"
)

// BenchmarkCancel measures how late what a program calls returns once its context
// has ended: loading, a prediction, encoding, a chat template, generation. Each
// operator by itself is measured by the benchmark of the same name in package
// portable.
func BenchmarkCancel(b *testing.B) {
	b.Run("Load", func(b *testing.B) { cancelLoad(b, manyOperations(b)) })
	b.Run("Predict", cancelPredict)
	b.Run("Encode", cancelEncode)
	b.Run("ApplyChatTemplate", cancelTemplate)
	b.Run("generation", cancelGeneration)
	// The larger packages lie outside the repository.
	if dir := os.Getenv("COREML_FIXTURES"); dir != "" {
		b.Run("Load/smollm2", func(b *testing.B) { cancelLoad(b, filepath.Join(dir, "smollm2", "model.mlpackage")) })
		b.Run("generation/smollm2", func(b *testing.B) { cancelPrompt(b, filepath.Join(dir, "smollm2", "model.mlpackage")) })
	}
}

// manyOperations is a package that takes long to load.
func manyOperations(b *testing.B) string {
	b.Helper()
	p := mil.NewBuilder("main", "CoreML8")
	x := p.Input("x", dtype.Float16, 1, 64)
	for range 50_000 {
		x = p.Op("add", "", mil.TensorType(dtype.Float16, 1, 64), mil.Args{"x": x, "y": x})
	}
	p.Output("y", x)
	dir := filepath.Join(b.TempDir(), "m.mlpackage")
	save(b, dir, p)
	return dir
}

func cancelLoad(b *testing.B, path string) {
	enginetest.AfterCancel(b, func(ctx context.Context) error {
		m, err := coreml.Load(ctx, path, nil)
		if err != nil {
			return err
		}
		return m.Close()
	})
}

func cancelPredict(b *testing.B) {
	const side = 12_000 // 576 MB of float32
	p := mil.NewBuilder("main", "CoreML8")
	x := p.Input("x", dtype.Float32, 10, 10)
	p.Output("y", p.Op("tile", "", mil.TensorType(dtype.Float32, side, side), mil.Args{"x": x, "reps": p.Ints("", side/10, side/10)}))
	dir := filepath.Join(b.TempDir(), "m.mlpackage")
	save(b, dir, p)
	m, err := coreml.Load(b.Context(), dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	in := coreml.Features{"x": coreml.MultiArray(tensor.Ones(tensor.Float32, 10, 10))}
	enginetest.AfterCancel(b, func(ctx context.Context) error {
		_, err := m.Predict(ctx, in, nil, nil)
		return err
	})
}

func cancelEncode(b *testing.B) {
	for _, text := range []struct{ name, text string }{
		{"prose", strings.Repeat("The quick brown fox jumps over the lazy dog. ", 200_000)},
		{"one word", strings.Repeat("a", 4<<20)},
	} {
		tok, err := tokenizer.LoadFS(storyteller.FS(), ".")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text.name, func(b *testing.B) {
			enginetest.AfterCancel(b, func(ctx context.Context) error {
				_, err := tok.EncodeContext(ctx, text.text, true)
				return err
			})
		})
	}
}

func cancelTemplate(b *testing.B) {
	for _, expression := range costly[:8] {
		b.Run(expression, func(b *testing.B) {
			dir := b.TempDir()
			writeTemplate(b, dir, looped(expression))
			tok, err := tokenizer.Load(dir)
			if err != nil {
				b.Fatal(err)
			}
			messages := largeConversation()
			enginetest.AfterCancel(b, func(ctx context.Context) error {
				_, err := tok.ApplyChatTemplate(ctx, messages, nil)
				return err
			})
		})
	}
}

func cancelGeneration(b *testing.B) {
	g, err := teller(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	enginetest.AfterCancel(b, func(ctx context.Context) error {
		_, err := g.Generate(ctx, "Once upon a time", &generate.Options{MaxTokens: 200})
		return err
	})
}

// cancelPrompt has a long prompt, so that most of the time is one prefill.
func cancelPrompt(b *testing.B, path string) {
	g, err := generate.Open(b.Context(), path, nil)
	if err != nil {
		b.Fatal(err)
	}
	prompt := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 60)
	enginetest.AfterCancel(b, func(ctx context.Context) error {
		_, err := g.Generate(ctx, prompt, &generate.Options{MaxTokens: 8})
		return err
	})
}
