using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;

namespace Pipelines.Models.Families;

/// <summary>What a decoder's files say of its rotary positions.</summary>
/// <param name="Theta">Base of the frequencies theta^(-2i/d).</param>
/// <param name="Divisor">What the frequencies are divided by: the factor of the kind linear, else 1.</param>
/// <param name="Sections">M-RoPE's sections, where asked for.</param>
/// <param name="Limit">The longest sequence that plain frequencies hold for (kind dynamic), or null.</param>
/// <param name="Scaling">That of the kind llama3, or null.</param>
internal sealed record RotaryRule(
    double Theta,
    double Divisor,
    IReadOnlyList<int>? Sections,
    SequenceLimit? Limit,
    Llama3Scaling? Scaling
);

/// <summary>
/// Reads rotary positions as every version of transformers writes them: <c>rope_theta</c> beside <c>rope_scaling</c>,
/// or since version 5 both in <c>rope_parameters</c>; the kind as <c>rope_type</c> or, before, <c>type</c>. Where a
/// file says a thing twice, both must say the same: versions differ in which one they follow.
/// </summary>
internal static class RotaryConfig
{
    /// <summary>The rule of a decoder.</summary>
    /// <param name="text">The decoder's section.</param>
    /// <param name="classTheta">The class default of theta.</param>
    /// <param name="positions">max_position_embeddings.</param>
    /// <param name="hasSections">Whether the family places tokens on three axes and so needs mrope_section.</param>
    /// <param name="interleaved">Whether its class interleaves the sections, whatever a file omits.</param>
    /// <exception cref="InputException">A kind that is not computed here, or contradicting keys; names
    /// them.</exception>
    public static RotaryRule Read(
        ModelConfig text,
        double classTheta,
        int positions,
        bool hasSections,
        bool interleaved = false
    ) =>
        Read(
            text,
            [text.OptionalSection("rope_parameters"), text.OptionalSection("rope_scaling")],
            "rope_theta",
            classTheta,
            positions,
            hasSections,
            interleaved
        );

    /// <summary>The rule of some layers of a decoder.</summary>
    /// <param name="text">The decoder's section.</param>
    /// <param name="sections">Where the file says it; null = not there.</param>
    /// <param name="thetaKey">The key of theta beside those sections.</param>
    /// <param name="classTheta">The class default of theta.</param>
    /// <param name="positions">max_position_embeddings.</param>
    /// <param name="hasSections">Whether the family places tokens on three axes and so needs mrope_section.</param>
    /// <param name="interleaved">Whether its class interleaves the sections, whatever a file omits.</param>
    /// <exception cref="InputException">A kind that is not computed here, or contradicting keys; names
    /// them.</exception>
    public static RotaryRule Read(
        ModelConfig text,
        ModelConfig?[] sections,
        string thetaKey,
        double classTheta,
        int positions,
        bool hasSections = false,
        bool interleaved = false
    )
    {
        Said[] said = [.. sections.OfType<ModelConfig>().Select(s => Said.Of(s, hasSections, interleaved))];
        for (int i = 1; i < said.Length; i++)
        {
            said[0].RequireSame(said[i]);
        }

        double?[] thetas = [.. said.Select(s => s.Theta), text.Has(thetaKey) ? text.Positive(thetaKey) : null];
        double[] named = [.. thetas.OfType<double>().Distinct()];
        if (named.Length > 1)
        {
            throw text.Error(thetaKey, Invariant.Text($"is {named[1]} in one place and {named[0]} in another."), Once);
        }

        Said one = said.FirstOrDefault() ?? new Said(text, "rope_scaling", "default", null, null, null, null, null);
        if (hasSections && one.Sections is null)
        {
            throw one.Section.Error(
                "mrope_section",
                "is missing.",
                "Use the config.json that belongs to the checkpoint."
            );
        }

        if (hasSections && one.Scaling is not null)
        {
            throw one.Section.Error(one.KindKey, "is \"llama3\", which is not computed with positions on three axes.");
        }

        SequenceLimit? limit =
            one.Kind == "dynamic"
                ? new SequenceLimit(
                    Math.Min(positions, one.Original ?? positions),
                    text.Path,
                    one.Section.NameOf(one.KindKey)
                )
                : null;
        return new RotaryRule(
            named.FirstOrDefault(classTheta),
            one.Kind == "linear" ? one.Factor!.Value : 1,
            one.Sections,
            limit,
            one.Scaling
        );
    }

    private const string Once = "Versions of transformers differ in which one they follow; write it once.";

    /// <summary>What one section says.</summary>
    private sealed record Said(
        ModelConfig Section,
        string KindKey,
        string Kind,
        double? Theta,
        double? Factor,
        IReadOnlyList<int>? Sections,
        int? Original,
        Llama3Scaling? Scaling
    )
    {
        public static Said Of(ModelConfig section, bool hasSections, bool interleaved)
        {
            string? newer = section.OptionalText("rope_type"),
                older = section.OptionalText("type");
            if (newer is not null && older is not null && Plain(newer) != Plain(older))
            {
                throw section.Error(
                    "rope_type",
                    $"is \"{newer}\", but '{section.NameOf("type")}' is \"{older}\".",
                    Once
                );
            }

            string key = newer is null && older is not null ? "type" : "rope_type",
                kind = Plain(newer ?? older ?? "default");
            if (kind is not ("default" or "linear" or "dynamic" or "llama3"))
            {
                throw section.Error(
                    key,
                    $"is \"{kind}\", a rotary scaling that is not computed here.",
                    "Supported are default, mrope, linear, llama3, and dynamic below its limit."
                );
            }

            double? factor = section.Has("factor") ? section.Positive("factor") : null;
            if (kind is "linear" or "llama3" && factor is null)
            {
                throw section.Error("factor", $"is missing, which {kind} scaling divides by.");
            }

            if (kind == "default" && factor is not (null or 1))
            {
                throw section.Error(
                    "factor",
                    Invariant.Text($"is {factor}, but '{section.NameOf(key)}' is \"default\", which scales nothing.")
                );
            }

            if (section.Flag("mrope_interleaved", interleaved) != interleaved)
            {
                throw section.Error(
                    "mrope_interleaved",
                    $"is {(interleaved ? "false" : "true")}, but this class {(interleaved ? "interleaves" : "chunks")} "
                        + "the sections."
                );
            }

            double? theta = section.Has("rope_theta") ? section.Positive("rope_theta") : null;
            int? original =
                kind == "dynamic" && section.Has("original_max_position_embeddings")
                    ? section.Count("original_max_position_embeddings")
                    : null;
            var said = new Said(
                section,
                key,
                kind,
                theta,
                factor,
                hasSections ? section.Integers("mrope_section") : null,
                original,
                kind == "llama3" ? Llama3(section, factor!.Value) : null
            );
            section.RequireUnderstood(KnownKeys.Rotary);
            return said;
        }

        public void RequireSame(Said other)
        {
            if (Kind != other.Kind || (Kind == "linear" && Factor != other.Factor) || Scaling != other.Scaling)
            {
                throw Section.Error(
                    KindKey,
                    $"says \"{Kind}\"{By(Factor)}, but '{other.Section.NameOf(other.KindKey)}' says "
                        + $"\"{other.Kind}\"{By(other.Factor)}.",
                    Once
                );
            }

            if (Sections is not null && other.Sections is not null && !Sections.SequenceEqual(other.Sections))
            {
                throw Section.Error("mrope_section", $"differs from '{other.Section.NameOf("mrope_section")}'.", Once);
            }
        }

        private static Llama3Scaling Llama3(ModelConfig section, double factor)
        {
            var scaling = new Llama3Scaling(
                factor,
                section.Positive("low_freq_factor"),
                section.Positive("high_freq_factor"),
                section.Count("original_max_position_embeddings")
            );
            return scaling.High > scaling.Low
                ? scaling
                : throw section.Error(
                    "high_freq_factor",
                    Invariant.Text($"is {scaling.High}; it must be above low_freq_factor, {scaling.Low}.")
                );
        }

        private static string By(double? factor) => factor is null ? "" : Invariant.Text($" by {factor}");

        /// <summary>M-RoPE changes where tokens stand, not the frequencies.</summary>
        private static string Plain(string kind) => kind == "mrope" ? "default" : kind;
    }
}
