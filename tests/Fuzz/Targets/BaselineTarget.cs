using Pipelines.Domain;
using Pipelines.Fuzz.Mutators;
using Pipelines.Models.Ablation;
using TorchSharp;

namespace Pipelines.Fuzz.Targets;

/// <summary>A stored baseline.</summary>
internal sealed class BaselineTarget()
    : FileTarget("baseline", "safetensors", "baseline.safetensors", new SafeTensorsMutator())
{
    public override bool IsNative => true;

    protected override IReadOnlyList<byte[]> MakeSeeds()
    {
        using var mean = new Baseline.Mean(torch.ones(2, 2, 3, 4), torch.zeros(2, 2, 3, 4), RopeOrder.After);
        return [.. new Baseline[] { mean, new Baseline.Zero(), new Baseline.Knockout() }.Select(Bytes)];
    }

    protected override long? ReadFile(string path)
    {
        using Baseline baseline = BaselineFile.Read(path);
        return baseline is Baseline.Mean mean ? sizeof(float) * (mean.Keys.numel() + mean.Values.numel()) : 0;
    }

    private static byte[] Bytes(Baseline baseline)
    {
        using var file = new MemoryStream();
        BaselineFile.Write(baseline, file);
        return file.ToArray();
    }
}
