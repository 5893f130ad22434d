package hub_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub"
)

func TestOfAnAdapterWhatCountsIsFetched(t *testing.T) {
	for name, c := range map[string]struct {
		has, want []string
		where     string
	}{
		"of PEFT":   {has: []string{"adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "README.md", "optimizer.pt"}, want: []string{"adapter_config.json", "adapter_model.safetensors"}},
		"of mlx-lm": {has: []string{"adapter_config.json", "adapters.safetensors", "0000100_adapters.safetensors"}, want: []string{"adapter_config.json", "adapters.safetensors"}},
		"a folder":  {where: "a/b", has: []string{"adapter_config.json", "a/b/adapter_config.json", "a/b/adapter_model.safetensors"}, want: []string{"a/b/adapter_config.json", "a/b/adapter_model.safetensors"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, repoOf("org/lora", c.has...))
			asked := "org/lora"
			if c.where != "" {
				asked += ":" + c.where
			}
			got, err := r.client.ResolveAdapter(t.Context(), asked, nil)
			if err != nil {
				t.Fatal(err)
			}
			if files := filesIn(t, strings.TrimSuffix(got.Path, filepath.FromSlash(c.where))); !slices.Equal(files, c.want) {
				t.Errorf("fetched %q, want %q", files, c.want)
			}
			if got.Commit != r.hub.Commit("", "org/lora", "main") || got.Repo != (hub.Repo{ID: "org/lora"}) {
				t.Errorf("got %+v", got)
			}
			r.asked()
			again, err := r.client.ResolveAdapter(t.Context(), asked, &hub.ResolveOptions{LocalOnly: true})
			if list := r.asked(); err != nil || *again != *got || len(list) > 0 {
				t.Errorf("from the cache: %+v, %v, and the hub was asked %q", again, err, list)
			}
		})
	}
}

func TestWhatIsNoAdapterIsSaid(t *testing.T) {
	for _, c := range []struct {
		has   []string
		where string
		says  string
	}{
		{[]string{"config.json", "model.safetensors"}, "", "no adapter_config.json"},
		{[]string{"adapter_config.json", "adapter_model.bin"}, "", "pickled"},
		{[]string{"adapter_config.json"}, "", "adapter_model.safetensors"},
		{[]string{"adapter_config.json", "adapter_model.safetensors"}, "sub", `"sub"`},
	} {
		asked := "org/lora"
		if c.where != "" {
			asked += ":" + c.where
		}
		_, err := newRig(t, repoOf("org/lora", c.has...)).client.ResolveAdapter(t.Context(), asked, nil)
		if !errors.Is(err, hub.ErrEntryNotFound) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", c.has, err)
		}
	}
}
