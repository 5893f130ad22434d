package compress

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/quantize"
)

// maxConfig bounds a configuration file.
const maxConfig = 16 << 20

// ParseConfig reads a step from JSON, with the fields of coremltools' OptimizationConfig
// (from_dict and from_yaml): config_type, global_config, op_type_configs and
// op_name_configs, and in these the fields of OpLinearQuantizerConfig,
// OpPalettizerConfig, OpThresholdPrunerConfig and OpMagnitudePrunerConfig. Fields that
// are not known are refused. Palettes of mode custom are a function in Python, and
// refused too; num_kmeans_workers changes nothing here.
func ParseConfig(data []byte) (*Step, error) {
	s, err := parseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return s, nil
}

type configFile struct {
	Type    *string                    `json:"config_type"`
	Global  json.RawMessage            `json:"global_config"`
	OpTypes map[string]json.RawMessage `json:"op_type_configs"`
	OpNames map[string]json.RawMessage `json:"op_name_configs"`
}

func parseConfig(data []byte) (*Step, error) {
	if len(data) > maxConfig {
		return nil, fmt.Errorf("%d bytes of configuration", len(data))
	}
	var f configFile
	if err := strict(data, &f); err != nil {
		return nil, err
	}
	if f.Type == nil {
		return nil, errors.New("config_type is missing")
	}
	s := &Step{}
	families := map[string]bool{}
	read := func(raw json.RawMessage) (*Op, error) { return parseOp(*f.Type, raw, families) }
	var err error
	if s.Global, err = read(f.Global); err != nil {
		return nil, fmt.Errorf("global_config: %w", err)
	}
	if s.OpTypes, err = parseOps(f.OpTypes, read); err != nil {
		return nil, fmt.Errorf("op_type_configs: %w", err)
	}
	if s.OpNames, err = parseOps(f.OpNames, read); err != nil {
		return nil, fmt.Errorf("op_name_configs: %w", err)
	}
	if len(families) > 1 {
		return nil, errors.New("quantizers, palettizers and pruners in one step; give each a file")
	}
	return s, nil
}

func parseOps(raw map[string]json.RawMessage, read func(json.RawMessage) (*Op, error)) (map[string]*Op, error) {
	ops := map[string]*Op{}
	for name, r := range raw {
		op, err := read(r)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		ops[name] = op
	}
	return ops, nil
}

// strict decodes JSON and refuses fields that are not known and what stands behind.
func strict(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text behind the configuration")
	}
	return nil
}

// isNull reports whether a value is missing or null.
func isNull(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || string(raw) == "null"
}

// parseOp reads the settings of one operation.
func parseOp(kind string, raw json.RawMessage, families map[string]bool) (*Op, error) {
	if isNull(raw) {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	if own, ok := fields["config_type"]; ok {
		if err := json.Unmarshal(own, &kind); err != nil {
			return nil, err
		}
		delete(fields, "config_type")
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	var form quantize.Form
	threshold := new(defaultThreshold)
	switch kind {
	case "OpLinearQuantizerConfig":
		families["quantizer"] = true
		form.Linear, err = parseLinear(raw, &threshold)
	case "OpPalettizerConfig":
		families["palettizer"] = true
		form.Palette, err = parsePalette(raw, &threshold)
	case "OpThresholdPrunerConfig":
		families["pruner"] = true
		form.Prune, err = parseThreshold(raw, &threshold)
	case "OpMagnitudePrunerConfig":
		families["pruner"] = true
		form.Prune, err = parseMagnitude(raw, &threshold)
	default:
		err = fmt.Errorf("config_type %q is not known", kind)
	}
	if err == nil {
		err = form.Check()
	}
	if err == nil && threshold == nil {
		err = errors.New("weight_threshold is null")
	}
	if err == nil && *threshold < 0 {
		err = fmt.Errorf("weight_threshold %d is negative", *threshold)
	}
	if err != nil {
		return nil, err
	}
	return &Op{Form: form.String(), WeightThreshold: threshold}, nil
}

func parseLinear(raw json.RawMessage, threshold **int) (l quantize.Linear, err error) {
	f := struct {
		Mode            string          `json:"mode"`
		Type            string          `json:"dtype"`
		Granularity     string          `json:"granularity"`
		BlockSize       json.RawMessage `json:"block_size"`
		WeightThreshold **int           `json:"weight_threshold"`
	}{Mode: "linear_symmetric", Type: "int8", Granularity: "per_channel", WeightThreshold: threshold}
	if err := strict(raw, &f); err != nil {
		return l, err
	}
	switch strings.ToLower(f.Mode) {
	case "linear_symmetric":
		l.Mode = quantize.Symmetric
	case "linear":
		l.Mode = quantize.Asymmetric
	default:
		return l, fmt.Errorf("mode %q is not known", f.Mode)
	}
	for _, t := range []dtype.Type{dtype.Int4, dtype.UInt4, dtype.Int8, dtype.UInt8} {
		if f.Type == t.String() {
			l.Type = t
		}
	}
	if l.Type == dtype.Invalid {
		return l, fmt.Errorf("dtype %q is none of int8, uint8, int4 and uint4", f.Type)
	}
	switch f.Granularity {
	case "per_tensor":
		l.Grain = quantize.PerTensor
	case "per_channel":
		l.Grain = quantize.PerChannel
	case "per_block":
		l.Grain, l.Size = quantize.PerBlock, 32
		return l, parseBlocks(f.BlockSize, &l)
	default:
		return l, fmt.Errorf("granularity %q is not known", f.Granularity)
	}
	return l, nil
}

// parseBlocks reads a size of blocks: a number, or one for each axis.
func parseBlocks(raw json.RawMessage, l *quantize.Linear) error {
	if isNull(raw) {
		return nil
	}
	var size int
	if json.Unmarshal(raw, &size) == nil {
		if size < 0 {
			return fmt.Errorf("block_size %d is negative", size)
		}
		if l.Size = size; size == 0 { // a whole row
			l.Grain, l.Size = quantize.PerChannel, 0
		}
		return nil
	}
	var sizes []int
	if err := json.Unmarshal(raw, &sizes); err != nil || len(sizes) == 0 || len(sizes) > 16 {
		return errors.New("block_size is neither a number nor one for each axis")
	}
	if slices.Min(sizes) < 0 {
		return errors.New("a block_size is negative")
	}
	l.Grain, l.Size, l.Blocks = quantize.Usual, 0, sizes
	return nil
}

func parsePalette(raw json.RawMessage, threshold **int) (p quantize.Palette, err error) {
	f := struct {
		Mode            string `json:"mode"`
		Bits            *int   `json:"nbits"`
		Granularity     string `json:"granularity"`
		GroupSize       int    `json:"group_size"`
		Axis            *int   `json:"channel_axis"`
		ClusterDim      int    `json:"cluster_dim"`
		ChannelScale    bool   `json:"enable_per_channel_scale"`
		Workers         int    `json:"num_kmeans_workers"`
		WeightThreshold **int  `json:"weight_threshold"`
	}{Mode: "kmeans", Granularity: "per_tensor", GroupSize: 32, ClusterDim: 1, Workers: 1, WeightThreshold: threshold}
	if err := strict(raw, &f); err != nil {
		return p, err
	}
	p.On, p.ChannelScale = true, f.ChannelScale
	switch strings.ToLower(f.Mode) {
	case "kmeans":
		p.Mode = quantize.KMeans
	case "uniform":
		p.Mode = quantize.Uniform
	case "unique":
		p.Mode = quantize.Unique
	default:
		return p, fmt.Errorf("mode %q is not known", f.Mode)
	}
	if f.Bits != nil {
		if p.Bits = *f.Bits; p.Bits == 0 {
			return p, errors.New("nbits is 0")
		}
	}
	if f.ClusterDim < 1 {
		return p, fmt.Errorf("cluster_dim %d is not positive", f.ClusterDim)
	}
	if p.Vector = f.ClusterDim; p.Vector == 1 {
		p.Vector = 0
	}
	switch f.Granularity {
	case "per_tensor":
		p.Grain = quantize.PerTensor
	case "per_grouped_channel":
		p.Grain, p.Size = quantize.PerGroup, f.GroupSize
		if f.GroupSize < 1 {
			return p, fmt.Errorf("group_size %d is not positive", f.GroupSize)
		}
		if f.Axis != nil {
			if *f.Axis < 0 || *f.Axis > 15 {
				return p, fmt.Errorf("channel_axis %d", *f.Axis)
			}
			p.Axis = *f.Axis + 1
		}
	default:
		return p, fmt.Errorf("granularity %q is not known", f.Granularity)
	}
	return p, nil
}

func parseThreshold(raw json.RawMessage, threshold **int) (p quantize.Prune, err error) {
	f := struct {
		Threshold       float64 `json:"threshold"`
		Least           float64 `json:"minimum_sparsity_percentile"`
		WeightThreshold **int   `json:"weight_threshold"`
	}{Threshold: 1e-12, Least: 0.5, WeightThreshold: threshold}
	err = strict(raw, &f)
	return quantize.Prune{Mode: quantize.ByThreshold, Threshold: f.Threshold, Least: f.Least}, err
}

func parseMagnitude(raw json.RawMessage, threshold **int) (p quantize.Prune, err error) {
	f := struct {
		Sparsity        *float64 `json:"target_sparsity"`
		BlockSize       *int     `json:"block_size"`
		Ratio           []int    `json:"n_m_ratio"`
		Dim             *int     `json:"dim"`
		WeightThreshold **int    `json:"weight_threshold"`
	}{WeightThreshold: threshold}
	if err := strict(raw, &f); err != nil {
		return p, err
	}
	switch {
	case (f.Sparsity == nil) == (f.Ratio == nil):
		return p, errors.New("one of target_sparsity and n_m_ratio must be given")
	case f.BlockSize != nil && f.Ratio != nil:
		return p, errors.New("block_size and n_m_ratio together")
	case f.Dim != nil && f.BlockSize == nil && f.Ratio == nil:
		return p, errors.New("dim is for block_size and n_m_ratio")
	}
	if f.Dim != nil {
		p.Dim = *f.Dim
	} else if f.Ratio != nil {
		p.Dim = 1
	}
	if f.Ratio != nil {
		if len(f.Ratio) != 2 {
			return p, errors.New("n_m_ratio is not a pair of numbers")
		}
		p.Mode, p.N, p.M = quantize.ByRatio, f.Ratio[0], f.Ratio[1]
		return p, nil
	}
	p.Mode, p.Sparsity = quantize.BySparsity, *f.Sparsity
	if f.BlockSize != nil {
		if p.Block = *f.BlockSize; p.Block < 2 {
			return p, fmt.Errorf("block_size %d is not above 1", p.Block)
		}
	}
	return p, nil
}
