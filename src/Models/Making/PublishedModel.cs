using Pipelines.Domain.Errors;
using Pipelines.Models.Families;

namespace Pipelines.Models.Making;

/// <summary>
/// A published model: the numbers that the shapes of its tensors follow from. The sums over the tensors are the hub's
/// own totals.
/// </summary>
/// <param name="Name">Last part of its name on the hub.</param>
/// <param name="Recipe">How models of its kind are made.</param>
/// <param name="Layout">How the decoder's tensors are named and cut.</param>
/// <param name="Layers">L.</param>
/// <param name="Heads">H.</param>
/// <param name="KvHeads">H_kv.</param>
/// <param name="HeadDim">d, features of a head.</param>
/// <param name="Hidden">Features of the residual stream.</param>
/// <param name="Intermediate">Features inside the MLP.</param>
/// <param name="VocabularyRows">V, padding rows included.</param>
/// <param name="VisionLayers">Blocks of the vision tower.</param>
/// <param name="TiedHead">No unembedding is stored: it is the embedding.</param>
public sealed record PublishedModel(
    string Name,
    Recipe Recipe,
    DecoderLayout Layout,
    int Layers,
    int Heads,
    int KvHeads,
    int HeadDim,
    int Hidden,
    int Intermediate,
    int VocabularyRows,
    int VisionLayers,
    bool TiedHead = false
)
{
    /// <summary>All of them, family by family.</summary>
    public static IReadOnlyList<PublishedModel> All => KnownFamilies.Published;

    /// <summary>Width of all queries of a layer, H * d.</summary>
    public int QueryWidth => Heads * HeadDim;

    /// <summary>Width of all keys, or values, of a layer, H_kv * d.</summary>
    public int KeyWidth => KvHeads * HeadDim;

    /// <summary>The model of a name; case does not matter.</summary>
    /// <exception cref="InputException">No such model; names the nearest.</exception>
    public static PublishedModel Named(string name) =>
        All.FirstOrDefault(m => m.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? throw Unknown(name);

    /// <summary>The model with other depths.</summary>
    /// <param name="layers">Decoder layers; null = all.</param>
    /// <param name="visionLayers">Blocks of the vision tower; null = all.</param>
    /// <exception cref="InputException">Fewer than one, or more than the model has.</exception>
    public PublishedModel WithDepth(int? layers, int? visionLayers) =>
        this with
        {
            Layers = Depth("--layers", "decoder layers", layers, Layers),
            VisionLayers = Depth("--vision-layers", "blocks in its vision tower", visionLayers, VisionLayers),
        };

    private int Depth(string option, string what, int? wanted, int published) =>
        wanted is null || (wanted >= 1 && wanted <= published)
            ? wanted ?? published
            : throw new InputException(
                option,
                $"{wanted} is not possible: {Name} has {published} {what}.",
                $"Give 1 to {published}."
            );

    private static InputException Unknown(string name)
    {
        PublishedModel? nearest = All.FirstOrDefault(m =>
            name.Length > 5 && m.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase)
        )
            ?? All.Select(m => (Model: m, Slips: Slips(name.ToUpperInvariant(), m.Name.ToUpperInvariant())))
                .Where(m => 3 * m.Slips <= m.Model.Name.Length) // further off it is a guess
                .OrderBy(m => m.Slips)
                .Select(m => m.Model)
                .FirstOrDefault();
        string meant = nearest is null ? "" : $"Did you mean {nearest.Name}? ";
        return new InputException(
            "make-model",
            $"there is no published model '{(name.Length <= 80 ? name : name[..80] + "…")}'.",
            $"{meant}Published are {string.Join(", ", All.Select(m => m.Name))}."
        );
    }

    /// <summary>Insertions, deletions and replacements from one text to the other.</summary>
    private static int Slips(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        foreach (char c in from.AsSpan(0, Math.Min(from.Length, 80)))
        {
            int diagonal = row[0]++;
            for (int j = 1; j < row.Length; j++)
            {
                (diagonal, row[j]) = (
                    row[j],
                    Math.Min(diagonal + (c == to[j - 1] ? 0 : 1), 1 + Math.Min(row[j], row[j - 1]))
                );
            }
        }

        return row[^1];
    }
}
