using System.Text.Json.Nodes;
using TorchSharp;

namespace Pipelines.Models.Making;

/// <summary>
/// What making a model takes beyond its numbers: the same for all models of a family, or of a part of it.
/// </summary>
public sealed record Recipe
{
    /// <summary>Type of the stored weights.</summary>
    public required torch.ScalarType Stored { get; init; }

    /// <summary>Most bytes of tensors in one file, as the hub's files were cut.</summary>
    public required long LargestFile { get; init; }

    /// <summary>All tensors, in the order of the published state.</summary>
    public required Func<PublishedModel, IEnumerable<PlannedTensor>> Tensors { get; init; }

    /// <summary>Writes a model's numbers into the published config.json.</summary>
    public required Action<JsonObject, PublishedModel> SetNumbers { get; init; }

    /// <summary>Writes the vocabularies into a folder; tokenizer_config.json names the added tokens.</summary>
    public required Action<JsonObject, string> WriteTokenizer { get; init; }
}
