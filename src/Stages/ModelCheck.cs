using System.Diagnostics;
using System.Globalization;
using Pipelines.Stages.Ablation;
using Pipelines.Stages.Data;
using Pipelines.Stages.Models;
using Pipelines.Stages.Vision;

namespace Pipelines.Stages;

/// <summary>A check of a model.</summary>
/// <param name="What">The law.</param>
/// <param name="Passed">Whether it holds.</param>
/// <param name="Found">What was measured, in words.</param>
internal sealed record CheckResult(string What, bool Passed, string Found);

/// <summary>Laws that must hold for head ablation to mean anything, tried on the real checkpoint with the experiment's first picture; the second picture serves as the baseline.</summary>
internal static class ModelCheck
{
    private const double Tolerance = 2e-3;
    private const int Masks = 12;

    /// <summary>Runs the checks one by one.</summary>
    public static IEnumerable<CheckResult> Run(StageContext context)
    {
        VisionLanguageModel model = context.Model;
        yield return new CheckResult("tensors of the checkpoint", true, $"all {model.TensorCount} claimed");
        DataItem picture = context.Items[0], other = context.Pictures.Pictures.First(p => p.SampleId != picture.SampleId);
        using PrefixCache prefix = context.BuildPrefix(picture);
        PromptTokens prompt = prefix.Prompt;
        yield return new CheckResult(
            "prompt", prompt.ImageLength > 0 && prompt.SuffixLength > 0,
            $"{prompt.ImageStart} prefix tokens, {prompt.ImageLength} image tokens, {prompt.SuffixLength} suffix tokens: {string.Join(' ', prompt.SuffixIds.Select(id => Shown(model.Tokenizer.TokenText(id))))}");
        using IntactRun intact = IntactRun.Compute(prefix);
        yield return new CheckResult("answer", true, $"'{model.Answer(intact.Generate(8, model.EndTokens))}' for {picture.File} ({picture.Category})");

        using ImageFeatures features = model.Features(PictureDecoder.Decode(picture.FullPath));
        using var naive = new NaiveForward(model, prompt, features);
        using BaselineBlocks blocks = MeanOf(context, other, prefix);
        TargetDirection direction = context.Direction(new Sample(picture, "", intact.Target, ""));
        using var forward = new SuffixForward(prefix, blocks, direction, context.Experiment.Engine.Batch);
        var all = new AblationMask(HeadMasks.Full(context.Heads));
        double plain = naive.Logit(all, blocks, direction);
        yield return Compare("all heads intact = plain full pass", forward.Intact, plain);

        float[] logits = naive.Logits(all, blocks);
        double adjusted = logits[intact.Target] - logits.Average(l => (double)l);
        if (context.Experiment.LogitMean == Spec.LogitMean.Rows) yield return Compare("one dot product = target logit - mean logit", forward.Intact, adjusted);

        double ablated = forward.Logits([HeadMasks.None(context.Heads)])[0];
        yield return Compare("all heads ablated = plain full pass", ablated, naive.Logit(new AblationMask(HeadMasks.None(context.Heads)), blocks, direction));
        yield return new CheckResult("ablating all heads moves the logit", Math.Abs(forward.Intact - ablated) > 1e-3, Text($"f(1) = {forward.Intact:0.0000}, f(0) = {ablated:0.0000}"));

        byte[][] masks = [.. Enumerable.Range(0, Masks).Select(i => HeadMasks.Draw(context.Experiment.Seed, "check", i, context.Heads, 0.75, MaskDrawing.Exact))];
        double[] together = forward.Logits(masks);
        yield return Compare("a random mask = plain full pass", together[0], naive.Logit(new AblationMask(masks[0]), blocks, direction));
        double apart = masks.Zip(together, (m, f) => Math.Abs(forward.Logits([m])[0] - f)).Max() / Math.Max(Math.Abs(forward.Intact - ablated), 1e-9);
        yield return new CheckResult("the batch does not matter", apart <= 1e-5, Text($"largest difference {apart:0.0e+0} of f(1) - f(0)"));

        long start = Stopwatch.GetTimestamp();
        byte[][] timed = [.. Enumerable.Range(0, forward.Batch).Select(i => HeadMasks.Draw(context.Experiment.Seed, "time", i, context.Heads, 0.75, MaskDrawing.Exact))];
        forward.Logits(timed);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds / timed.Length;
        yield return new CheckResult("speed", true, Text($"{1 / seconds:0.0} masks/s in batches of {forward.Batch}; peak memory {Process.GetCurrentProcess().PeakWorkingSet64 / 1e9:0.0} GB"));
    }

    private static BaselineBlocks MeanOf(StageContext context, DataItem item, PrefixCache like)
    {
        using PrefixCache other = context.BuildPrefix(item);
        using var mean = new MeanKvAccumulator(other.Decoder.Shape, other.Prompt.ImageLength, KeyAverage.AfterRotary);
        mean.Add(other);
        using Baseline.Mean baseline = mean.ToBaseline();
        return BaselineBlocks.Of(baseline, like);
    }

    private static CheckResult Compare(string what, double found, double expected) =>
        new(what, Math.Abs(found - expected) <= Tolerance, Text($"{found:0.000000} and {expected:0.000000}, difference {Math.Abs(found - expected):0.0e+0}"));

    /// <summary>A token on one line.</summary>
    private static string Shown(string token) => token.Replace("\n", "\\n", StringComparison.Ordinal).Replace(' ', '▁');

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
