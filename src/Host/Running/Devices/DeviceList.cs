using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Reporting;

namespace Pipelines.Host.Running.Devices;

/// <summary>What <c>--devices</c> says: <c>cuda:0,cuda:1</c>, <c>cpu,cpu</c>, or <c>all</c>.</summary>
/// <param name="Names">Devices as a spec writes them; empty = all that the runtime counts.</param>
internal sealed record DeviceList(IReadOnlyList<string> Names)
{
    /// <summary>Begins the names of CUDA devices.</summary>
    internal const string CudaPrefix = "cuda:";

    /// <summary>The option that names them.</summary>
    internal const string Option = "--devices";

    private const string All = "all",
        Cpu = "cpu",
        Right = "Write --devices cuda:0,cuda:1, or --devices all; --devices cpu,cpu is two processes on one processor.";

    /// <summary>More processes than this on one machine are a slip of the pen.</summary>
    private const int Most = 64;

    /// <summary>Reads a list.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public static DeviceList Parse(string text)
    {
        string[] names = text.Split(',', StringSplitOptions.TrimEntries);
        if (names is [All])
        {
            return new DeviceList([]);
        }

        foreach (string name in names)
        {
            if (name != Cpu && !IsCuda(name))
            {
                throw new InputException(Option, $"{Shown.Name($"'{name}'")} is not a device.", Right);
            }
        }

        if (names.Length > Most)
        {
            throw new InputException(Option, $"{Format.Count(names.Length)} devices are named, {Most} at most.", Right);
        }

        if (names.Where(IsCuda).GroupBy(NumberOf).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new InputException(
                Option,
                $"{twice.First()} is named twice.",
                "One process a card: they would be in each other's way."
            );
        }

        return names.Any(IsCuda) && names.Contains(Cpu)
            ? throw new InputException(
                Option,
                "a processor and cards are named together.",
                "They round differently, so neither can go on with what the other began: name one kind."
            )
            : new DeviceList(names);
    }

    /// <summary>The error where devices are named together with something that they do not go with.</summary>
    public static InputException NotWith(string what, string remedy) =>
        new(Option, $"is of no use together with {what}.", remedy);

    /// <summary>The devices, each with its label.</summary>
    /// <param name="cudaCount">CUDA devices that the runtime counts.</param>
    /// <exception cref="InputException">One is not there.</exception>
    public IReadOnlyList<WorkerDevice> Resolve(int cudaCount)
    {
        if (Names.Where(IsCuda).FirstOrDefault(n => NumberOf(n) >= cudaCount) is { } absent)
        {
            throw new InputException(
                Option,
                $"{absent} is not there: libtorch counts {Format.Many(cudaCount, "CUDA device")}.",
                cudaCount > 0
                    ? $"They are cuda:0 to cuda:{cudaCount - 1}; all means all of them."
                    : "Look at the driver and at CUDA_VISIBLE_DEVICES, or write --devices cpu."
            );
        }

        IReadOnlyList<string> names =
            Names.Count > 0 ? Names
            : cudaCount > 0 ? [.. Enumerable.Range(0, cudaCount).Select(i => Invariant.Text($"{CudaPrefix}{i}"))]
            : [Cpu];
        return [.. names.Select((n, i) => new WorkerDevice(n, n == Cpu && names.Count > 1 ? $"{Cpu} {i + 1}" : n))];
    }

    private static bool IsCuda(string name) =>
        name.StartsWith(CudaPrefix, StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(CudaPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static int NumberOf(string name) =>
        int.Parse(name.AsSpan(CudaPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture);
}
