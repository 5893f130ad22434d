//go:build linux

package hub_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// Letters of names and of patterns, the frequent ones more than once.
const (
	nameLetters    = "aaabbc-é!]^Z."
	patternLetters = "***??aabbc./[[]]!-^é\\Z"
)

// TestPatternsBesidePython lets ours choose from a repository with names at random,
// and Python from the names.
func TestPatternsBesidePython(t *testing.T) {
	clients := pythons(t)
	server := hubtest.New(t)
	mine := start(t, ours, server)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, python := range clients {
		t.Run(python.name, func(t *testing.T) {
			theirs := start(t, python, server)
			r := rand.New(rand.NewPCG(seed, 0))
			chosen, left := 0, 0
			for range 1000 {
				files := randomFiles(r)
				if err := server.Put(hubtest.Repo{ID: "org/random", Files: files}); err != nil {
					t.Fatal(err)
				}
				letters := patternLetters
				if python.name != versions[0] {
					letters = strings.ReplaceAll(letters, "\\", "") // it does not take them for slashes yet
				}
				c := command{Op: "choose", Cache: t.TempDir(), ID: "org/random", Allow: randomTexts(r, 3, letters), Ignore: randomTexts(r, 2, letters)}
				for name := range files {
					c.Names = append(c.Names, name)
				}
				slices.Sort(c.Names)
				a, b := mine.must(c), theirs.must(c)
				if !slices.Equal(a.Names, b.Names) {
					t.Fatalf("of %q with %q without %q ours chooses %q, %s %q", c.Names, c.Allow, c.Ignore, a.Names, python.name, b.Names)
				}
				chosen, left = chosen+len(b.Names), left+len(files)-len(b.Names)
			}
			if chosen < 500 || left < 500 {
				t.Errorf("of the names %d were chosen and %d left out: these patterns test little", chosen, left)
			}
		})
	}
}

// randomFiles are empty files whose names can all lie in one folder.
func randomFiles(r *rand.Rand) hubtest.FS {
	files := hubtest.FS{}
	for range 1 + r.IntN(12) {
		var parts []string
		for range 1 + r.IntN(3) {
			parts = append(parts, "x"+randomText(r, nameLetters)+"x")
		}
		// A folder in the place of the first letter, so that the end is free.
		name := strings.TrimPrefix(strings.Join(parts, "/"), "x")
		if strings.Trim(name, ".x") != "" && !strings.HasPrefix(name, ".") {
			files[name] = hubtest.Text("")
		}
	}
	for name := range files {
		for other := range files {
			if strings.HasPrefix(other, name+"/") {
				delete(files, other)
			}
		}
	}
	if len(files) == 0 {
		files["a"] = hubtest.Text("")
	}
	return files
}

// randomTexts are at most n patterns; nil for none.
func randomTexts(r *rand.Rand, n int, letters string) (list []string) {
	for range r.IntN(n + 1) {
		list = append(list, randomText(r, letters))
	}
	return list
}

func randomText(r *rand.Rand, letters string) string {
	runes := []rune(letters)
	text := make([]rune, 1+r.IntN(6))
	for i := range text {
		text[i] = runes[r.IntN(len(runes))]
	}
	return string(text)
}
