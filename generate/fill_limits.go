package generate

// fillContext finds the greatest number of tokens.
func (f *filler) fillContext() error {
	most := f.context
	for i := range f.d.Stages {
		s := &f.d.Stages[i]
		p, err := f.pkg(s, i)
		if err != nil {
			return err
		}
		d := p.find(s.Function)
		if most == 0 || f.d.Prefill != nil && f.d.Prefill.Window > 0 {
			b := &binder{desc: d, d: &Driver{Caches: map[string]string{}}}
			for in, r := range s.Inputs {
				if r.Role == RoleCache && !r.Recurrent {
					b.d.Caches[in] = r.Output
				}
			}
			if _, longest := b.cacheLength(); longest > 0 {
				most = max(most, longest)
			}
		}
	}
	if w := f.d.Prefill; w != nil && w.Window > 0 {
		if f.d.ContextLength == 0 { // caches move along
			return driverErrorf("context", "is missing: with prefill.window nothing else tells how long a text may be; write it, as in \"context\": 512")
		}
		return nil
	}
	if f.d.ContextLength > 0 && most > 0 && f.d.ContextLength > most {
		return driverErrorf("context", "is %d, the package takes %d", f.d.ContextLength, most)
	}
	if f.d.ContextLength == 0 {
		if f.d.ContextLength = min(most, maxContext); most == 0 {
			return driverErrorf("context", "nothing tells how many tokens the package takes; write it into a driver file, as in \"context\": 2048")
		}
	}
	return nil
}

// checkLengths refuses functions whose shapes contradict each other, or the roles
// that were found for them.
func (f *filler) checkLengths() error {
	for i := range f.d.Stages {
		s := &f.d.Stages[i]
		p, err := f.pkg(s, i)
		if err != nil {
			return err
		}
		for _, name := range s.functions() {
			d := p.find(name)
			if d == nil {
				continue
			}
			fn := new(boundFunction)
			for k := range d.Inputs {
				if role, ok := s.Inputs[d.Inputs[k].Name]; ok && role.Role != RoleConstant {
					in, err := bindInput(&d.Inputs[k], role)
					if err != nil {
						return err
					}
					fn.inputs = append(fn.inputs, in)
				}
			}
			if c := newChain([]*boundFunction{fn}, nil); !c.possible() {
				return undetected("the shapes of %s allow no common number of tokens", describeFeatures(d.Inputs))
			}
		}
	}
	return nil
}
