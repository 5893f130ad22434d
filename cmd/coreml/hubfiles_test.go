package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/tokenizer"
)

// TestEveryFileThatIsReadBesideAPackageIsFetched holds the names that package hub fetches
// against those that packages tokenizer and generate read, which it does not import.
func TestEveryFileThatIsReadBesideAPackageIsFetched(t *testing.T) {
	for _, name := range append(tokenizer.FileNames(), "any.tiktoken", "tekken_240911.json") {
		if !hub.IsTokenizer(name) || !hub.IsBeside(name) {
			t.Errorf("%s is a tokenizer and is not fetched", name)
		}
	}
	asked := openedBeside(t)
	for _, want := range []string{"tokenizer_config.json", "generation_config.json", "driver.json", "chat_template.jinja", "config.json", "modules.json", "1_Pooling/config.json", "3_Dense/model.safetensors"} {
		if !slices.Contains(asked, want) {
			t.Errorf("%s is not read any more: %q", want, asked)
		}
	}
	for _, name := range append(asked, "merges.txt", "additional_chat_templates/rag.jinja", "Model.driver.json") {
		if !hub.IsBeside(name) {
			t.Errorf("%s is read and is not fetched", name)
		}
	}
	for _, name := range []string{"model.safetensors", "README.md", "pytorch_model.bin", "sub/tokenizer.json", "tokenizer.json/x", "additional_chat_templates/x.bin"} {
		if hub.IsBeside(name) {
			t.Errorf("%s is fetched", name)
		}
	}
}

// openedBeside returns the names of files that are asked for beside a package when it is
// opened with a tokenizer, or with one of the other forms.
func openedBeside(t *testing.T) []string {
	t.Helper()
	seen := &askedFS{FS: storyteller.FS(), names: map[string]bool{}}
	g, err := generate.OpenFS(t.Context(), seen, storyteller.Package, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	encoder := &askedFS{FS: os.DirFS(filepath.Join(encoders, "dense-bert")), names: seen.names}
	m, err := embed.OpenFS(t.Context(), encoder, storyteller.Package, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	// A vocabulary without tokenizer.json has more files beside it.
	dir := t.TempDir()
	for name, text := range map[string]string{"vocab.json": `{"a":0,"b":1,"ab":2}`, "merges.txt": "#version: 0.2\na b\n", "tokenizer_config.json": `{"tokenizer_class":"GPT2Tokenizer"}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := &askedFS{FS: os.DirFS(dir), names: seen.names}
	_, _ = tokenizer.LoadFS(other, ".") // what it asks for is all that counts
	var names []string
	for name := range seen.names {
		if name != "." && !strings.HasPrefix(name, storyteller.Package) && name != "additional_chat_templates" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// askedFS notes the names that it is asked for.
type askedFS struct {
	fs.FS
	names map[string]bool
}

func (f *askedFS) Open(name string) (fs.File, error) {
	f.names[name] = true
	return f.FS.Open(name)
}

func (f *askedFS) Stat(name string) (fs.FileInfo, error) {
	f.names[name] = true
	return fs.Stat(f.FS, name)
}
