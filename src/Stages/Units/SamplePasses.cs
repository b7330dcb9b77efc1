using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;

namespace Pipelines.Stages.Units;

/// <summary>A sample as the model is run over it: its picture, what is asked and which token is measured.</summary>
/// <param name="Sample">Its id.</param>
/// <param name="Model">The model.</param>
/// <param name="Picture">The picture.</param>
/// <param name="Question">What is asked.</param>
/// <param name="GivenTokens">Tokens of the answer before the target, which end the suffix; null = none.</param>
/// <param name="TargetToken">The token whose adjusted logit is measured.</param>
/// <param name="LogitMean">What the logit is adjusted by.</param>
public sealed record SamplePrefix(
    string Sample,
    ModelSource Model,
    PictureSource Picture,
    string Question,
    IReadOnlyList<int>? GivenTokens,
    int TargetToken,
    LogitMean LogitMean
)
{
    /// <summary>The direction of the sample's adjusted logit.</summary>
    public TargetDirection Direction => Model.Load().Target(TargetToken, LogitMean);

    /// <summary>Runs the model over the picture and the text before it.</summary>
    public PrefixCache Build() => Model.Prefix(PictureDecoder.Decode(Picture.FullPath), Question, GivenTokens ?? []);
}

/// <summary>All that the model's passes over a sample depend on but the masks.</summary>
/// <param name="Prefix">The sample.</param>
/// <param name="Baseline">What ablated heads see.</param>
/// <param name="Batch">Masks a batch.</param>
public sealed record SamplePasses(SamplePrefix Prefix, BaselineSource Baseline, BatchSize Batch)
{
    /// <summary>The sample with its prefix computed, shared by all units that work on it.</summary>
    internal Lease<SampleRun> Prepare(UnitRun run) =>
        Prefix.Model.Share(
            $"passes {Name}",
            () =>
            {
                PrefixCache prefix = Prefix.Build();
                BaselineBlocks baseline = Baseline.Open(run.Artifacts).Blocks(prefix);
                return new SampleRun(prefix, new SuffixForward(prefix, baseline, Prefix.Direction, Batch.Masks));
            }
        );

    /// <summary>The sample ready for gradients.</summary>
    internal Lease<GatedRun> PrepareGradients(UnitRun run) =>
        Prefix.Model.Share(
            $"gradients {Name}",
            () =>
            {
                PrefixCache prefix = Prefix.Build();
                BaselineBlocks baseline = Baseline.Open(run.Artifacts).Blocks(prefix);
                return new GatedRun(prefix, new GatedForward(prefix, baseline, Prefix.Direction));
            }
        );

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
