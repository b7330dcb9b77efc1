using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Pipelines.Models.Making;

namespace Pipelines.Host.Commands;

/// <summary>
/// <c>make-model</c>: a random checkpoint of a published model's shapes, so that real specs run at real size.
/// </summary>
internal static class MakeModelCommand
{
    /// <summary>The command and its options.</summary>
    public static Command Build()
    {
        var name = new Argument<string>("NAME") { Description = "A published model, one of the list below." };
        var output = new Option<string>("--out", "-o")
        {
            Description = "Folder to write; must not exist, or be empty.",
            HelpName = "DIR",
            Required = true,
        };
        var layers = new Option<int?>("--layers") { Description = "Decoder layers (default: all).", HelpName = "N" };
        var visionLayers = new Option<int?>("--vision-layers")
        {
            Description = "Blocks of the vision tower (default: all).",
            HelpName = "N",
        };
        var seed = new Option<int>("--seed")
        {
            Description = "Seed of the weights: the same seed gives the same bytes.",
            HelpName = "N",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be written." };
        var command = new Command("make-model", "Write a random model of a published model's shapes.")
        {
            name,
            output,
            layers,
            visionLayers,
            seed,
            dryRun,
            // No other command shall load what the families refer to
            Help.Option(() => $"Models:\n{string.Concat(PublishedModel.All.Select(m => $"  {m.Name}\n"))}\n"),
        };
        command.SetAction(parsed =>
            Execute(
                RandomModel.Plan(
                    parsed.GetRequiredValue(name),
                    parsed.GetValue(layers),
                    parsed.GetValue(visionLayers),
                    parsed.GetValue(seed)
                ),
                parsed.GetRequiredValue(output),
                parsed.GetValue(dryRun)
            )
        );
        return command;
    }

    /// <summary>Says what will be written, then writes it.</summary>
    /// <returns>Exit code.</returns>
    private static int Execute(RandomModel plan, string folder, bool dryRun)
    {
        long free = plan.Check(folder);
        PublishedModel model = plan.Model,
            published = PublishedModel.Named(model.Name);
        Console.WriteLine(
            $"{model.Name}, random weights of seed {plan.Seed}: {Depth(model.Layers, published.Layers)} decoder "
                + $"layers, {Depth(model.VisionLayers, published.VisionLayers)} vision blocks"
        );
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{plan.Tensors.Count} tensors, {plan.Parameters:N0} parameters in "
                    + $"{model.Recipe.Stored.ToString().ToLowerInvariant()}: {Size(plan.Files.Bytes)} in "
                    + $"{plan.Files.Shards.Count} {(plan.Files.Shards.Count == 1 ? "file" : "files")}; {Size(free)} "
                    + $"are free at {folder}"
            )
        );
        if (dryRun)
        {
            return Program.Done;
        }

        long start = Stopwatch.GetTimestamp();
        using var interruption = new Interruption();
        try
        {
            plan.Write(folder, shard => Console.WriteLine($"  {shard.File}  {Size(shard.Bytes)}"), interruption.Token);
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine("Interrupted. What was written has been removed.");
            return Program.Interrupted;
        }

        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Written to {folder} ({Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s). The tokenizer's words "
                    + $"are made up too: answers mean nothing."
            )
        );
        return Program.Done;
    }

    private static string Depth(int layers, int published) =>
        layers == published ? $"all {layers}" : $"{layers} of {published}";

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB");
}
