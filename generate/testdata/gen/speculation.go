// Command speculation writes the texts that TestDraftsPay replays: what SmolLM2 and the
// storyteller write after prompts that they copy from, and after others.
//
//	go run ./generate/testdata/gen/speculation.go FIXTURES > generate/testdata/speculation.json
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

const harbour = `The harbour master walked along the quay every morning before the fishing boats came in. He carried a small brass telescope, a notebook with a blue cover, and a pencil that he sharpened with his knife. When the first sail appeared behind the lighthouse he wrote down the hour, the wind, and the name of the boat. Nobody had asked him to do so, and nobody ever read what he wrote, but he believed that a harbour without a record was only a hole in the coast.`

// text is an element of the file.
type text struct {
	Name    string  `json:"name"`
	Model   string  `json:"model"`
	Sampled float64 `json:"temperature"`
	Prompt  []int   `json:"prompt"`
	Tokens  []int   `json:"tokens"`
}

func main() {
	ctx := context.Background()
	var list []text
	for _, m := range []struct {
		name    string
		prompts [][3]string // a name, a message or else a text
	}{
		{"smollm2", [][3]string{
			{"copy: repeat", "Repeat the following text exactly, word for word:\n\n" + harbour},
			{"copy: once more", "", "The text:\n" + harbour + "\nThe same text once more:\n"},
			{"copy: spelling", "Correct the spelling of this text and change nothing else:\n\n" + harbour},
			{"story: cat", "Write a short story about a girl and her cat."},
			{"story: village", "", "Once upon a time, in a village by the sea, there lived"},
		}},
		{"storyteller", [][3]string{
			{"story: time", "", "Once upon a time"},
			{"story: dog", "", "Lily and Ben went to the park. They saw a big dog"},
			{"story: ball", "", "Tom had a red ball. He"},
		}},
	} {
		g, err := generate.Open(ctx, filepath.Join(os.Args[1], m.name, "model.mlpackage"), nil)
		if err != nil {
			log.Fatal(err)
		}
		for _, p := range m.prompts {
			for _, temperature := range []float64{0, 0.8} {
				ids, err := g.Tokenizer().Encode(p[2], true)
				if p[1] != "" {
					ids, err = g.Tokenizer().EncodeChat(ctx, []tokenizer.Message{{Role: "user", Content: p[1]}}, &tokenizer.ChatOptions{AddGenerationPrompt: true})
				}
				if err != nil {
					log.Fatal(err)
				}
				r, err := generate.Collect(g.StreamTokens(ctx, ids, &generate.Options{
					MaxTokens: 160, Sampling: &generate.Sampling{Temperature: temperature, Seed: new(uint64(7))},
				}))
				if err != nil {
					log.Fatal(err)
				}
				list = append(list, text{p[0], m.name, temperature, ids, r.Tokens})
			}
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(list); err != nil {
		log.Fatal(err)
	}
}
