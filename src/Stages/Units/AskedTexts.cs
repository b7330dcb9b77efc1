using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Units;

/// <summary>Questions as a unit depends on them, in order.</summary>
/// <param name="Texts">All that is asked, suffix and text around it included.</param>
public sealed record AskedTexts(IReadOnlyList<string> Texts) : IKeyed
{
    IEnumerable<KeyPart> IKeyed.KeyParts(string name) =>
        [
            new KeyPart.Digest(
                name,
                $"{Texts.Count} {(Texts.Count == 1 ? "question" : "questions")}",
                FileDigests.Combine(Texts.Select((text, i) => (Texts[i], FileDigests.OfText(text))))
            ),
        ];
}
