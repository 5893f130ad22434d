package generate_test

import (
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
	"github.com/gocoreml/coreml/tokenizer"
)

// visionFolder returns the folder of a model that sees, or skips the test.
func visionFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(os.Getenv("COREML_FIXTURES"), "..", "families", "vlm-tiny")
	if _, err := os.Stat(filepath.Join(dir, "generation.json")); os.Getenv("COREML_FIXTURES") == "" || err != nil {
		t.Skipf("SKIPPED: %s needs the folder families/vlm-tiny beside COREML_FIXTURES", t.Name())
	}
	return dir
}

// visionPictures reads the pictures of a folder.
func visionPictures(t *testing.T, dir string) []image.Image {
	t.Helper()
	var out []image.Image
	for _, name := range []string{"image0.png", "image1.png", "image2.png"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		out = append(out, img)
	}
	return out
}

// openVision opens the model that sees, with its driver unless c has one.
func openVision(t *testing.T, dir string, c generate.Config) *generate.Generator {
	t.Helper()
	if c.Driver == nil {
		c.Driver = committedDriver(t, "vlm-tiny")
	}
	c.Model = &coreml.Config{Arithmetic: coreml.ArithmeticFaithful}
	g, err := generate.Open(t.Context(), dir, &c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func TestPicturesAreSeenInTheirPlaces(t *testing.T) {
	dir := visionFolder(t)
	pictures := visionPictures(t, dir)
	data, err := os.ReadFile(filepath.Join(dir, "generation.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Prompt      string
		IDs, Greedy []int
		Margin      []float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, chunk := range []int{-1, 1, 5, 16} {
		g := openVision(t, dir, generate.Config{PrefillChunk: chunk, MaxStates: 1})
		for i, c := range cases {
			opts := &generate.Options{MaxTokens: len(c.Greedy), Sampling: &generate.Sampling{}, IgnoreEnd: true, Images: pictures[i : i+1]}
			sure := slices.IndexFunc(append(c.Margin, 0), func(m float64) bool { return m < leastMargin })
			r, err := g.Generate(t.Context(), c.Prompt, opts)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Tokens[:sure], c.Greedy[:sure]) || r.Stats.PromptTokens != len(c.IDs) {
				t.Errorf("in blocks of %d: %d tokens in the prompt, want %d; %v, want %v", chunk, r.Stats.PromptTokens, len(c.IDs), r.Tokens[:sure], c.Greedy[:sure])
			}
			// As ids the placeholders are there already.
			if r, err = generate.Collect(g.StreamTokens(t.Context(), c.IDs, opts)); err != nil || !slices.Equal(r.Tokens[:sure], c.Greedy[:sure]) {
				t.Errorf("as ids: %v, %v, want %v", r.Tokens, err, c.Greedy[:sure])
			}
		}
	}
}

func TestASessionKeepsItsPictures(t *testing.T) {
	dir := visionFolder(t)
	pictures := visionPictures(t, dir)
	chat := &tokenizer.ChatOptions{Template: `{% for m in messages %}{{ m.content }}{% endfor %}`}
	g := openVision(t, dir, generate.Config{MaxStates: 2, Chat: chat})
	s, err := g.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ask := func(text string, given, all []image.Image) *generate.Stats {
		t.Helper()
		opts := generate.Options{MaxTokens: 6, Sampling: &generate.Sampling{}, IgnoreEnd: true, Images: given}
		got, err := generate.Collect(s.Send(t.Context(), text, &opts))
		if err != nil {
			t.Fatal(err)
		}
		messages := s.Messages()
		opts.Images = all
		want, err := generate.Collect(g.Chat(t.Context(), messages[:len(messages)-1], &opts))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Tokens, want.Tokens) {
			t.Errorf("%q: the session answers %v, and anew it is %v", text, got.Tokens, want.Tokens)
		}
		return &got.Stats
	}
	ask("Look:<image> Once", pictures[:1], pictures[:1])
	if st := ask(" and then<image> upon", pictures[1:2], pictures[:2]); st.CachedTokens < 16 {
		t.Errorf("the second turn took %d tokens from the cache", st.CachedTokens)
	}
	ask(" a time", nil, pictures[:2])

	// Another picture behind the same text, which is the same ids.
	if err := s.SetMessages(nil); err != nil {
		t.Fatal(err)
	}
	if st := ask("Look:<image> Once", pictures[2:], pictures[2:]); st.CachedTokens > 4 {
		t.Errorf("of another picture %d tokens came from the cache", st.CachedTokens)
	}
	before := len(s.Messages())
	if _, err := generate.Collect(s.Send(t.Context(), "<image>", nil)); !errors.Is(err, generate.ErrConfig) || !strings.Contains(err.Error(), "of earlier turns") || len(s.Messages()) != before {
		t.Errorf("a place without a picture gave %v, and %d messages", err, len(s.Messages()))
	}
	if st := ask(" upon", nil, pictures[2:]); st.CachedTokens < 16 {
		t.Errorf("after an error %d tokens came from the cache", st.CachedTokens)
	}
}

func TestPicturesThatDoNotFitAreRefused(t *testing.T) {
	dir := visionFolder(t)
	pictures := visionPictures(t, dir)
	g := openVision(t, dir, generate.Config{})
	if in := g.ImageInput(); in == nil || in.Name != "image" {
		t.Errorf("the input for pictures is %v", in)
	}
	blind := openStory(t, nil)
	unknown := openVision(t, dir, generate.Config{Driver: &generate.Driver{}})
	if r, err := unknown.Generate(t.Context(), "Hi! <image>", &generate.Options{MaxTokens: 2}); err != nil || len(r.Tokens) == 0 {
		t.Errorf("text alone gave %v, %v", r, err)
	}
	for _, c := range []struct {
		name, prompt string
		g            *generate.Generator
		images       []image.Image
		want         string
	}{
		{"too few", "a<image>b<image>", g, pictures[:1], `a list of 1 picture, but the prompt has 2 places for them, each "<image>"`},
		{"too many", "a<image>", g, pictures[:2], "a list of 2 pictures, but the prompt has 1 place"},
		{"no place", "a! b", g, pictures[:1], "the prompt has 0 places"},
		{"none", "a<image>", g, nil, "a list of 0 pictures"},
		{"nil", "a<image>", g, []image.Image{nil}, "number 0: it is nil"},
		{"another size", "a<image>", g, []image.Image{image.NewNRGBA(image.Rect(0, 0, 31, 32))}, "31 wide and 32 high"},
		{"more than the context", strings.Repeat("<image>", 9), g, slices.Repeat(pictures[:1], 9), "the model takes 128"},
		{"a model without", "a", blind, pictures[:1], "takes no pictures"},
		{"an unknown placeholder", "a<image>", unknown, pictures[:1], `write into a driver file: {"image": {"token": ID}}`},
	} {
		_, err := c.g.Generate(t.Context(), c.prompt, &generate.Options{MaxTokens: 2, Images: c.images})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := g.Generate(t.Context(), "Hi! there", &generate.Options{MaxTokens: 2}); err != nil {
		t.Errorf("a text with the placeholder's own characters gave %v", err)
	}
}

func TestADriverOfPicturesIsChecked(t *testing.T) {
	dir := visionFolder(t)
	for _, c := range []struct{ driver, field string }{
		{`{"image": {"package": "../x.mlpackage"}}`, "image.package"},
		{`{"image": {"package": "absent.mlpackage"}}`, "image.package"},
		{`{"image": {"function": "absent"}}`, "image.function"},
		{`{"image": {"input": "absent"}}`, "image.input"},
		{`{"image": {"package": "embed_tokens.mlpackage"}}`, "image.input"},
		{`{"image": {"output": "absent"}}`, "image.output"},
		{`{"image": {"into": "causal_mask"}}`, "image.into"},
		{`{"image": {"token": -1}}`, "image.token"},
		{`{"image": {"places": -1}}`, "image.places"},
	} {
		d, err := generate.ReadDriver(strings.NewReader(c.driver))
		if err != nil {
			t.Fatal(err)
		}
		_, err = generate.Open(t.Context(), dir, &generate.Config{Driver: d})
		wantDriverError(t, err, c.field, "")
	}
}

func TestPlaceholdersAreAsManyAsRows(t *testing.T) {
	const p, slot = 7, -1
	for _, c := range []struct {
		name    string
		prompt  []int
		marked  bool
		units   []int // the crops of each picture
		earlier int
		ids     []int
		spots   [][4]int
	}{
		{"none", []int{1, 2}, false, nil, 0, []int{1, 2}, nil},
		{"one", []int{1, p, 2}, false, []int{1}, 0, []int{1, p, p, p, 2}, [][4]int{{1, 0, 0, 3}}},
		{"wide already", []int{1, p, p, p, 2}, false, []int{1}, 0, []int{1, p, p, p, 2}, [][4]int{{1, 0, 0, 3}}},
		{"two side by side", []int{p, p}, false, []int{1, 1}, 1, []int{p, p, p, p, p, p}, [][4]int{{0, 0, 0, 3}, {3, 1, 0, 3}}},
		{"three side by side", []int{p, p, p}, false, []int{1, 1, 1}, 1, []int{p, p, p, p, p, p, p, p, p}, [][4]int{{0, 0, 0, 3}, {3, 1, 0, 3}, {6, 2, 0, 3}}},
		{"two wide ones", []int{p, p, p, p, p, p, 4}, false, []int{1, 1}, 0, []int{p, p, p, p, p, p, 4}, [][4]int{{0, 0, 0, 3}, {3, 1, 0, 3}}},
		{"uneven", []int{p, p, 1, p}, false, []int{1}, 0, nil, nil},
		{"too few", []int{p}, false, []int{1, 1}, 0, nil, nil},
		{"a text of the same id", []int{p, slot, p}, true, []int{1}, 0, []int{p, p, p, p, p}, [][4]int{{1, 0, 0, 3}}},
		{"one of two crops", []int{1, p}, false, []int{2}, 0, []int{1, p, p, p, p, p, p}, [][4]int{{1, 0, 0, 6}}},
		{"a place for each crop", []int{p, 1, p}, false, []int{2}, 0, []int{p, p, p, 1, p, p, p}, [][4]int{{0, 0, 0, 3}, {4, 0, 3, 3}}},
		{"a place for each row of each crop", []int{p, p, p, 1, p, p, p}, false, []int{2}, 0, []int{p, p, p, 1, p, p, p}, [][4]int{{0, 0, 0, 3}, {4, 0, 3, 3}}},
		{"crops of two pictures", []int{p, 1, p, p}, false, []int{2, 1}, 1, []int{p, p, p, 1, p, p, p, p, p, p}, [][4]int{{0, 0, 0, 3}, {4, 0, 3, 3}, {7, 1, 0, 3}}},
		{"fewer places than crops", []int{p, p}, false, []int{3}, 0, nil, nil},
	} {
		ids, spots, err := generate.Widen(c.prompt, p, 3, c.marked, c.units, c.earlier, storyTokenizer(t))
		if (err != nil) != (c.ids == nil) || err == nil && (!slices.Equal(ids, c.ids) || !slices.Equal(spots, c.spots)) {
			t.Errorf("%s: %v at %v, %v; want %v at %v", c.name, ids, spots, err, c.ids, c.spots)
		}
	}
}

func TestRowsOfPicturesReplaceEmbeddings(t *testing.T) {
	rows := []float32{10, 11, 20, 21, 30, 31} // 3 places of width 2
	for _, c := range []struct {
		name               string
		shape              []int
		axis, base, tokens int
		want               []float32
	}{
		{"all", []int{1, 5, 2}, 1, 3, 5, []float32{0, 0, 10, 11, 20, 21, 30, 31, 0, 0}},
		{"its beginning", []int{1, 2, 2}, 1, 3, 2, []float32{0, 0, 10, 11}},
		{"its end", []int{1, 3, 2}, 1, 6, 3, []float32{30, 31, 0, 0, 0, 0}},
		{"before padding", []int{1, 3, 2}, 1, 3, 2, []float32{0, 0, 10, 11, 0, 0}},
		{"none of it", []int{1, 2, 2}, 1, 7, 2, []float32{0, 0, 0, 0}},
		{"a width before the places", []int{1, 2, 1, 3}, 3, 4, 3, []float32{10, 20, 30, 11, 21, 31}},
		{"two rows of a batch", []int{2, 1, 2}, 1, 5, 1, []float32{20, 21, 20, 21}},
	} {
		in := tensor.New(tensor.Float16, c.shape...)
		out, err := generate.Splice(in, c.axis, c.base, c.tokens, 4, rows, 2)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := tensor.Values[float32](out)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
		if was, err := tensor.Values[float32](in); err != nil || slices.Max(was) != 0 {
			t.Errorf("%s: the embeddings themselves became %v, %v", c.name, was, err)
		}
	}
	if _, err := generate.Splice(tensor.New(tensor.Float16, 1, 3, 3), 1, 4, 3, 4, rows, 2); !errors.Is(err, generate.ErrDriver) {
		t.Errorf("rows of another width gave %v", err)
	}
}
