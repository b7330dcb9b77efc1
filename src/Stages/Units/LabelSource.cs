using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Units;

/// <summary>What samples show, as a unit depends on it.</summary>
/// <typeparam name="TLabel">What is said of a sample: a record.</typeparam>
/// <param name="Labels">A label a sample, in order.</param>
/// <param name="Of">What they are, for people: <c>17 objects</c>.</param>
/// <param name="Text">The labels as a text that tells any two lists apart.</param>
/// <param name="Files">Where they come from: looked at again, no part of the key.</param>
internal sealed record LabelSource<TLabel>(
    IReadOnlyList<TLabel> Labels,
    string Of,
    Func<TLabel, string> Text,
    IReadOnlyList<string> Files
) : IKeyed
{
    IEnumerable<KeyPart> IKeyed.KeyParts(string name) =>
        [new KeyPart.Digest(name, Of, FileDigests.OfText(string.Join('\n', Labels.Select(Text)))) { Files = Files }];
}
