package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/generate"
)

// samplingField takes in a field of a request that says how tokens are chosen. Its name is
// that of the flag, with underscores.
func (q *textRequest) samplingField(key string, value []byte) (err error) {
	s := &q.sampling
	q.sampled = true
	switch key {
	case "seed":
		n, err := intOf(value)
		if err == nil && n < 0 {
			err = errors.New("want a number from 0")
		}
		s.Seed = new(uint64(n)) //nolint:gosec // not below 0 where it is used
		return err
	case "dry_breakers":
		s.DRYBreaker, err = textsOf(value)
		s.DRYBreaker = orEmpty(s.DRYBreaker)
		return err
	case "bad_words":
		return s.readWords(value)
	case "logit_bias":
		return s.readBias(value)
	case "sequence_bias":
		return s.readSequences(value)
	}
	return s.plainField(strings.ReplaceAll(key, "_", "-"), value)
}

// plainField takes in a field that is a number or a list of token ids.
func (f *samplingFlags) plainField(flag string, value []byte) error {
	for _, x := range f.numbers() {
		if x.flag == flag {
			v, err := floatOf(value)
			*x.value = &v
			return err
		}
	}
	for _, x := range f.counts() {
		if x.flag == flag {
			v, err := smallIntOf(value)
			*x.value = &v
			return err
		}
	}
	for _, x := range f.lists() {
		if x.flag == flag {
			ids, err := idsOf(value)
			*x.ids = ids
			return err
		}
	}
	return errors.New("there is no such field")
}

// readWords reads bad words: a list of texts and of lists of token ids.
func (f *samplingFlags) readWords(value []byte) error {
	f.BadWord, f.words = nil, [][]int{}
	return eachListElement(value, func(_ int, value []byte) error {
		if len(value) > 0 && value[0] == '"' {
			text, err := textOf(value)
			if err == nil && text == "" {
				err = errors.New("the text is empty")
			}
			f.BadWord = append(f.BadWord, text)
			return err
		}
		ids, err := idsOf(value)
		f.words = append(f.words, ids)
		return err
	})
}

// readBias reads an object of biases by token ids.
func (f *samplingFlags) readBias(value []byte) error {
	f.LogitBias = map[string]string{}
	return eachField(&jsonText{text: value}, func(key string, value []byte) error {
		if _, err := strconv.Atoi(key); err != nil {
			return errors.New("the name is no token id")
		}
		v, err := biasOf(value)
		f.LogitBias[key] = v
		return err
	})
}

// biasOf reads a bias: a number, or the text "-inf".
func biasOf(value []byte) (string, error) {
	if string(value) == `"-inf"` {
		return "-inf", nil
	}
	v, err := floatOf(value)
	return strconv.FormatFloat(v, 'g', -1, 64), err
}

// readSequences reads a list of pairs: a list of token ids, and a bias.
func (f *samplingFlags) readSequences(value []byte) error {
	f.SequenceBias, f.biases = nil, []generate.BiasedSequence{}
	return eachListElement(value, func(_ int, value []byte) error {
		var q generate.BiasedSequence
		n := 0
		err := eachListElement(value, func(i int, value []byte) (err error) {
			n++
			switch i {
			case 0:
				q.Tokens, err = idsOf(value)
			case 1:
				var text string
				if text, err = biasOf(value); err == nil {
					q.Bias, err = strconv.ParseFloat(text, 64)
				}
			}
			return err
		})
		if err == nil && n != 2 {
			err = fmt.Errorf("want a pair of a list of token ids and a number, and not %d values", n)
		}
		f.biases = append(f.biases, q)
		return err
	})
}

// guide sets the guidance of a request.
func (q *textRequest) guide(r *requestReader) error {
	if q.scale == nil && q.negative == nil {
		return nil
	}
	flags := r.c.guidanceFlags
	if q.scale != nil {
		flags.GuidanceScale = q.scale
	}
	if q.negative != nil {
		flags.NegativePrompt = q.negative
	}
	if flags.GuidanceScale == nil {
		return errors.New("negative_prompt: needs a guidance_scale, such as 1.5")
	}
	q.opts.Guidance = flags.guidance(r.c, r.g)
	return nil
}
