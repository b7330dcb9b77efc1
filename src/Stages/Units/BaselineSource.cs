using Pipelines.Models.Ablation;
using Pipelines.Spec;

namespace Pipelines.Stages.Units;

/// <summary>
/// What ablated heads see, as a unit depends on it: the unit of the means, the pair's other picture, or the kind where
/// there is none.
/// </summary>
public sealed class BaselineSource : IKeyed
{
    private readonly Engine engine;
    private readonly BaselineKind kind;
    private readonly Unit? mean;
    private readonly PictureSource? other;

    /// <param name="engine">Keeps baselines.</param>
    /// <param name="kind">What ablated heads see.</param>
    /// <param name="mean">The unit of the means, or null.</param>
    /// <param name="other">The pair's other picture, or null.</param>
    internal BaselineSource(Engine engine, BaselineKind kind, Unit? mean, PictureSource? other = null) =>
        (this.engine, this.kind, this.mean, this.other) = (engine, kind, mean, other);

    /// <summary>The pair's other picture; null where the baseline is none of a picture.</summary>
    internal PictureSource? Other => other;

    /// <summary>P that the baseline fits, or null where any does, or the pair's picture must be asked.</summary>
    /// <param name="artifacts">Hold the unit of the means.</param>
    internal int? ImageLength(Artifacts artifacts) => other is null ? Open(artifacts).ImageLength : null;

    /// <summary>The baseline laid out for the passes over a sample.</summary>
    /// <param name="artifacts">Hold the unit of the means.</param>
    /// <param name="model">Runs over the pair's picture.</param>
    /// <param name="prefix">The sample.</param>
    /// <param name="own">To be disposed with the sample: a baseline that no other sample has; null where all share
    /// it.</param>
    internal BaselineBlocks Blocks(Artifacts artifacts, ModelSource model, PrefixCache prefix, out IOverPictures? own)
    {
        if (other is null)
        {
            own = null;
            return Open(artifacts).Blocks(prefix);
        }

        PrefixCache counterfactual = model.Prefix(other.Location);
        try
        {
            var blocks = BaselineBlocks.Of(new Baseline.Picture(counterfactual), prefix);
            own = new CounterPicture(counterfactual, blocks);
            return blocks;
        }
        catch
        {
            counterfactual.Dispose();
            throw;
        }
    }

    IEnumerable<KeyPart> IKeyed.KeyParts(string name)
    {
        yield return mean is null ? new KeyPart.Text(name, Spelling.Of(kind)) : new KeyPart.Inputs(name, [mean]);
        if (other is not null)
        {
            yield return new KeyPart.Digest($"{name}.picture", other.File, other.Digest)
            {
                Files = [other.Location.Container],
            };
        }
    }

    private ResidentBaseline Open(Artifacts artifacts) =>
        engine.Baseline(mean?.Key ?? Spelling.Of(kind), () => Load(artifacts));

    private Baseline Load(Artifacts artifacts) =>
        kind switch
        {
            BaselineKind.Mean => BaselineFile.Read(artifacts.File(mean!, MeanKeysAndValues.FileName)),
            BaselineKind.Zero => new Baseline.Zero(),
            BaselineKind.Knockout => new Baseline.Knockout(),
            _ => throw new InvalidOperationException($"No baseline {kind}."),
        };

    /// <summary>The pair's other picture, and what passes read of it.</summary>
    private sealed record CounterPicture(PrefixCache Cache, BaselineBlocks Blocks) : IOverPictures
    {
        public IEnumerable<PrefixCache> Pictures => [Cache.Origin];

        public void Dispose()
        {
            Blocks.Dispose();
            Cache.Dispose();
        }
    }
}
