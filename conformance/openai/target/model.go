package target

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gocoreml/coreml/examples/storyteller"
)

// template lets the storyteller answer a chat, call tools in the form of Hermes and think
// before it answers, where the variable enable_thinking is true. The model was not trained
// for any of it: after the prompt comes the beginning of a story, which is what makes its
// answers the same on every run.
//
//go:embed chat_template.jinja
var template []byte

// WriteModel writes the model that clients are tried on into a folder of dir and returns
// the path of its package. It is the storyteller with a chat template.
func WriteModel(dir string) (string, error) {
	dir = filepath.Join(dir, "model")
	if err := os.CopyFS(dir, storyteller.FS()); err != nil {
		return "", fmt.Errorf("the model's files: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "chat_template.jinja"), template, 0o600); err != nil {
		return "", fmt.Errorf("the model's chat template: %w", err)
	}
	return filepath.Join(dir, storyteller.Package), nil
}
