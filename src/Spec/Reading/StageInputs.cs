namespace Pipelines.Spec.Reading;

/// <summary>A stage as the file has it.</summary>
internal sealed class NamedStage(
    string name,
    string path,
    SourceMark at,
    StageSpec? spec,
    IReadOnlyList<(YamlText Role, YamlText? Source)> inputs
)
{
    public string Name { get; } = name;

    /// <summary>Its field path.</summary>
    public string Path { get; } = path;

    /// <summary>Where its name stands.</summary>
    public SourceMark At { get; } = at;

    /// <summary>What it computes; null where the kind is wrong, which was told already.</summary>
    public StageSpec? Spec { get; } = spec;

    /// <summary>
    /// The entries of <c>inputs:</c>, role to stage; null where that is no name, which was told already.
    /// </summary>
    public IReadOnlyList<(YamlText Role, YamlText? Source)> Inputs { get; } = inputs;
}

/// <summary>
/// Finds the stage behind every input. A role that is not named is filled by the one earlier stage of the kind that
/// agrees with the other inputs; two inputs agree when neither was made from another stage of the kind that the other
/// names (a regression must not read masks other than those its forward passes ran on).
/// </summary>
internal sealed class StageInputs(IReadOnlyList<NamedStage> stages, ErrorList errors)
{
    /// <summary>The word that leaves an optional input empty.</summary>
    public const string None = "none";

    private readonly Dictionary<string, NamedStage> byName = stages.ToDictionary(s => s.Name, StringComparer.Ordinal);
    private readonly Dictionary<NamedStage, Dictionary<string, NamedStage>> filled = new();
    private readonly Dictionary<NamedStage, HashSet<NamedStage>> upstream = new();
    private readonly List<NamedStage> open = [];
    private readonly bool someKindUnknown = stages.Any(s => s.Spec is null);

    /// <summary>The stages in file order with their inputs.</summary>
    public IReadOnlyList<StageNode> Resolve()
    {
        foreach (NamedStage stage in stages)
        {
            Visit(stage);
        }

        return
        [
            .. stages
                .Where(s => s.Spec is not null)
                .Select(s => new StageNode(
                    s.Name,
                    s.Spec!,
                    filled[s].ToDictionary(i => i.Key, i => i.Value.Name, StringComparer.Ordinal)
                )),
        ];
    }

    private void Visit(NamedStage stage)
    {
        if (filled.ContainsKey(stage))
        {
            return;
        }

        Dictionary<string, NamedStage> inputs = filled[stage] = new(StringComparer.Ordinal);
        if (stage.Spec is null)
        {
            upstream[stage] = [];
            return;
        }
        open.Add(stage);
        int before = errors.Count;
        HashSet<string> settled = Named(stage, inputs);
        bool isClear = errors.Count == before && stage.Inputs.All(i => i.Source is not null);
        Action? ask = null;
        foreach (StageInput need in stage.Spec.Needs.Where(n => !settled.Contains(n.Role)))
        {
            if (Standard(stage, need, inputs, ref ask) is { } source)
            {
                inputs[need.Role] = source;
            }
        }
        if (isClear)
        {
            ask?.Invoke();
        }

        open.Remove(stage);
        upstream[stage] = new HashSet<NamedStage>(
            inputs.Values.SelectMany(i => upstream.GetValueOrDefault(i, []).Append(i))
        );
    }

    /// <summary>Fills the roles that are named; returns those that need no default, errors included.</summary>
    private HashSet<string> Named(NamedStage stage, Dictionary<string, NamedStage> inputs)
    {
        var settled = new HashSet<string>();
        IReadOnlyList<StageInput> needs = stage.Spec!.Needs;
        foreach ((YamlText role, YamlText? name) in stage.Inputs)
        {
            string path = $"{stage.Path}.inputs.{role.Text}";
            if (needs.FirstOrDefault(n => n.Role == role.Text) is not { } need)
            {
                string[] roles = [.. needs.Select(n => n.Role)];
                string? near = Nearest.To(role.Text, roles);
                if (near is not null)
                {
                    settled.Add(near);
                }

                errors.Add(
                    role.At,
                    stage.Path + ".inputs",
                    $"{stage.Spec.StageKind} has no input {ErrorList.Quote(role.Text)}",
                    roles.Length == 0 ? "none" : string.Join(", ", roles),
                    near
                );
                continue;
            }
            settled.Add(need.Role);
            if (name is null)
            {
                continue;
            }

            if (name.Text == None && need.Optional)
            {
                continue;
            }

            if (Source(stage, need, name, path) is not { } source)
            {
                continue;
            }

            if (Disagreement(need, source, needs, inputs) is { } why)
            {
                errors.Add(name.At, path, why);
            }

            inputs[need.Role] = source;
        }
        return settled;
    }

    /// <summary>The stage that is named, visited; null where it cannot fill the role.</summary>
    private NamedStage? Source(NamedStage stage, StageInput need, YamlText name, string path)
    {
        string[] candidates =
        [
            .. stages.Where(s => s != stage && need.Kind.IsInstanceOfType(s.Spec)).Select(s => s.Name),
        ];
        string allowed =
            (candidates.Length == 0 ? $"a stage of kind {Spelling.Of(need.Kind)}" : string.Join(", ", candidates))
            + (need.Optional ? $", {None}" : "");
        if (!byName.TryGetValue(name.Text, out NamedStage? source))
        {
            errors.Add(
                name.At,
                path,
                $"there is no stage {ErrorList.Quote(name.Text)}",
                allowed,
                Nearest.To(name.Text, candidates)
            );
            return null;
        }
        if (source.Spec is null)
        {
            return null;
        }

        if (!need.Kind.IsInstanceOfType(source.Spec))
        {
            errors.Add(
                name.At,
                path,
                $"the stage '{name.Text}' is of kind {source.Spec.StageKind}, not {Spelling.Of(need.Kind)}",
                allowed
            );
            return null;
        }
        return Reached(source, name.At, path);
    }

    /// <summary>Visits the stage that fills a role; null, and an error, where that closes a circle.</summary>
    private NamedStage? Reached(NamedStage source, SourceMark at, string path)
    {
        int circle = open.IndexOf(source);
        if (circle < 0)
        {
            Visit(source);
            return source;
        }
        errors.Add(
            at,
            path,
            $"the stages read each other in a circle: "
                + $"{string.Join(" <- ", open.Skip(circle).Append(source).Select(s => s.Name))}"
        );
        return null;
    }

    /// <summary>
    /// The stage that fills a role which is not named; null where there is none, which is an error unless the role is
    /// optional.
    /// </summary>
    /// <param name="stage">The reader.</param>
    /// <param name="need">The role.</param>
    /// <param name="inputs">The roles filled so far.</param>
    /// <param name="ask">Set to the error where several stages could fill the role. Only the last is told: roles stand
    /// in the order of the work, and the last one named settles those before.</param>
    private NamedStage? Standard(
        NamedStage stage,
        StageInput need,
        Dictionary<string, NamedStage> inputs,
        ref Action? ask
    )
    {
        IReadOnlyList<StageInput> needs = stage.Spec!.Needs;
        IEnumerable<NamedStage> read = inputs.Values.SelectMany(i => upstream.GetValueOrDefault(i, []));
        NamedStage[] ofKind =
        [
            .. stages.TakeWhile(s => s != stage).Concat(read).Distinct().Where(s => need.Kind.IsInstanceOfType(s.Spec)),
        ];
        foreach (NamedStage candidate in ofKind.Where(c => !open.Contains(c)))
        {
            Visit(candidate);
        }

        NamedStage[] agreeing = [.. ofKind.Where(s => Disagreement(need, s, needs, inputs) is null)];
        if (agreeing.Length == 1)
        {
            return Reached(agreeing[0], stage.At, stage.Path);
        }

        if (need.IsOffer)
        {
            return null;
        }

        string kind = Spelling.Of(need.Kind),
            none = need.Optional ? $"; or 'inputs: {{ {need.Role}: {None} }}'" : "";
        if (agreeing.Length > 1)
        {
            string names = string.Join(", ", agreeing.Select(s => s.Name));
            ask = () =>
                errors.Add(
                    stage.At,
                    stage.Path,
                    $"{need.Role} could be read from several stages: name one under 'inputs:', for example 'inputs: "
                        + $"{{ {need.Role}: {agreeing[^1].Name} }}'",
                    names + (need.Optional ? $", {None}" : "")
                );
        }
        else if (ofKind.Length > 0)
        {
            errors.Add(
                stage.At,
                stage.Path,
                $"{need.Role} cannot be read from '{ofKind[0].Name}': {Disagreement(need, ofKind[0], needs, inputs)}"
            );
        }
        else if (stages.FirstOrDefault(s => s != stage && need.Kind.IsInstanceOfType(s.Spec)) is { } later)
        {
            errors.Add(
                stage.At,
                stage.Path,
                $"{need.Role} is read from '{later.Name}', which stands below: move it above '{stage.Name}', or "
                    + $"write 'inputs: {{ {need.Role}: {later.Name} }}'{none}"
            );
        }
        else if (!need.Optional && !someKindUnknown)
        {
            errors.Add(
                stage.At,
                stage.Path,
                $"{stage.Spec.StageKind} needs {need.Role}: put a stage of kind {kind} before it, for example "
                    + $"'{need.Role}: {{ stage: {kind} }}'"
            );
        }
        return null;
    }

    /// <summary>
    /// Why <paramref name="source"/> cannot fill <paramref name="need"/> beside the inputs that are there; null where
    /// it can.
    /// </summary>
    private string? Disagreement(
        StageInput need,
        NamedStage source,
        IReadOnlyList<StageInput> needs,
        Dictionary<string, NamedStage> inputs
    )
    {
        foreach ((string role, NamedStage other) in inputs)
        {
            StageInput otherNeed = needs.First(n => n.Role == role);
            if (Unlike(need, source, other) is { } mine)
            {
                return $"{role} '{other.Name}' was made from {need.Role} '{mine.Name}', not '{source.Name}'";
            }

            if (Unlike(otherNeed, other, source) is { } theirs)
            {
                return $"'{source.Name}' was made from {role} '{theirs.Name}', not '{other.Name}'";
            }
        }
        return null;
    }

    /// <summary>
    /// A stage of the kind of <paramref name="need"/> other than <paramref name="source"/> that
    /// <paramref name="reader"/> was made from.
    /// </summary>
    private NamedStage? Unlike(StageInput need, NamedStage source, NamedStage reader) =>
        upstream.GetValueOrDefault(reader, []).FirstOrDefault(s => s != source && need.Kind.IsInstanceOfType(s.Spec));
}
