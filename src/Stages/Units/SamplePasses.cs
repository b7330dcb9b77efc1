using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;

namespace Pipelines.Stages.Units;

/// <summary>A sample as the model is run over it: its picture, what is asked and which token is measured.</summary>
/// <param name="Sample">Its id.</param>
/// <param name="Model">The model.</param>
/// <param name="Picture">The picture.</param>
/// <param name="Question">What is asked.</param>
/// <param name="GivenTokens">Tokens of the answer before the target, which end the suffix; null = none.</param>
/// <param name="TargetToken">The token whose adjusted logit is measured.</param>
/// <param name="LogitMean">What the logit is adjusted by.</param>
/// <param name="Kind">What f is; null = the adjusted logit.</param>
/// <param name="Against">The token that a difference is measured against; null = none.</param>
/// <param name="Sequence">All tokens of an answer that is measured whole, the first is the target; null = one token is
/// measured.</param>
public sealed record SamplePrefix(
    string Sample,
    ModelSource Model,
    PictureSource Picture,
    string Question,
    IReadOnlyList<int>? GivenTokens,
    int TargetToken,
    LogitMean LogitMean,
    TargetKind? Kind = null,
    int? Against = null,
    IReadOnlyList<int>? Sequence = null
)
{
    /// <summary>What measures the sample's f.</summary>
    public OutputMeasure Measure => Model.Load().Measure(Measured);

    /// <summary>What f is.</summary>
    private Measured Measured =>
        Kind switch
        {
            null => new Measured.Logit(TargetToken, LogitMean),
            TargetKind.LogitDifference => new Measured.LogitDifference(TargetToken, Against!.Value),
            TargetKind.LogProbability => new Measured.LogProbability(TargetToken),
            TargetKind.Probability => new Measured.Probability(TargetToken),
            TargetKind.Sequence => new Measured.Sequence(Sequence!),
            _ => throw new InvalidOperationException($"No target {Kind}."),
        };

    /// <summary>Runs the model over the picture and the text before it.</summary>
    public PrefixCache Build() => Model.Prefix(Picture.Location, Question, Fed);

    /// <summary>The answer's tokens that end the suffix: of one that is measured whole the last is never fed.</summary>
    private IReadOnlyList<int> Fed => [.. GivenTokens ?? [], .. (Sequence ?? []).SkipLast(1)];
}

/// <summary>All that the model's passes over a sample depend on but the masks.</summary>
/// <param name="Prefix">The sample.</param>
/// <param name="Baseline">What ablated heads see.</param>
/// <param name="Batch">Masks a batch.</param>
public sealed record SamplePasses(SamplePrefix Prefix, BaselineSource Baseline, BatchSize Batch)
{
    /// <summary>The sample with its prefix computed, shared by all units that work on it.</summary>
    internal Lease<SampleRun> Prepare(UnitRun run) => Prefix.Model.Share($"passes {Name}", () => Over(
            run,
            (prefix, baseline, own) =>
                new SampleRun(prefix, new SuffixForward(prefix, baseline, Prefix.Measure, Batch.Masks), own)
        ));

    /// <summary>The sample ready for gradients.</summary>
    internal Lease<GatedRun> PrepareGradients(UnitRun run) => Prefix.Model.Share($"gradients {Name}", () => Over(
            run,
            (prefix, baseline, own) => new GatedRun(prefix, GatedForward.Of(prefix, baseline, Prefix.Measure), own)
        ));

    /// <summary>Makes something of the sample's picture and its baseline, which go with what is made.</summary>
    private TRun Over<TRun>(UnitRun run, Func<PrefixCache, BaselineBlocks, IOverPictures?, TRun> make)
    {
        PrefixCache prefix = Prefix.Build();
        IOverPictures? own = null;
        try
        {
            return make(prefix, Baseline.Blocks(run.Artifacts, Prefix.Model, prefix, out own), own);
        }
        catch
        {
            own?.Dispose();
            prefix.Dispose();
            throw;
        }
    }

    private string Name => Fingerprint.Of(CanonicalForm.Of(this));
}

/// <summary>
/// Masks a batch. A row's bits do not depend on it with our own kernels; with libtorch's products they may, and then it
/// is part of the key.
/// </summary>
/// <param name="Masks">So many.</param>
/// <param name="Linear">What multiplies.</param>
public sealed record BatchSize(int Masks, LinearChoice Linear) : IKeyed
{
    IEnumerable<KeyPart> IKeyed.KeyParts(string name) =>
        Linear == LinearChoice.Packed ? [] : [new KeyPart.Integer(name, Masks)];
}
