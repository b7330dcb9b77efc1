using System.Reflection;

namespace Pipelines.Stages.Reporting;

/// <summary>A claim with what was measured of it.</summary>
/// <param name="Stated">What the paper says.</param>
/// <param name="Numbers">Its rows of <c>key_numbers</c>, each with a verdict, the hardest part first.</param>
internal sealed record Claim(ClaimAttribute Stated, IReadOnlyList<KeyNumber> Numbers)
{
    /// <summary>That of its weakest part.</summary>
    public ClaimVerdict Verdict => VerdictWords.Weakest(Numbers.Select(n => n.Verdict!.Value));

    /// <summary>The part that decides: the first with the claim's verdict.</summary>
    public KeyNumber Deciding => Numbers.MaxBy(n => n.Verdict);
}

/// <summary>Finds the claims of the assembly, and those of a report among its key numbers.</summary>
internal static class Claims
{
    private static readonly IReadOnlyList<(ClaimAttribute Stated, Type Type)> Known =
    [
        .. from type in typeof(Claims).Assembly.GetTypes()
        let stated = type.GetCustomAttribute<ClaimAttribute>()
        where stated is not null
        orderby stated.Order
        select (stated, type),
    ];

    /// <summary>Every claim, in the order of the table.</summary>
    public static IReadOnlyList<ClaimAttribute> All { get; } = [.. Known.Select(k => k.Stated)];

    /// <summary>Those that data of a kind can be asked about.</summary>
    public static IEnumerable<ClaimAttribute> AskedOf<TData>() => Asked<TData>.All.Select(a => a.Stated);

    /// <summary>What the data measure of all claims.</summary>
    public static IEnumerable<KeyNumber> NumbersOf<TData>(TData data) =>
        EvidenceOf(data).SelectMany(c => c.Parts.SelectMany(part => part.ToNumbers(c.Stated.Quantity)));

    /// <summary>What the data measure of each claim that they can be asked about; no parts where nothing.</summary>
    public static IEnumerable<(ClaimAttribute Stated, IReadOnlyList<Evidence> Parts)> EvidenceOf<TData>(TData data) =>
        Asked<TData>.All.Select(a => (a.Stated, a.Of(data)));

    /// <summary>The claims of which key numbers say something.</summary>
    public static IReadOnlyList<Claim> In(IReadOnlyList<KeyNumber> numbers) =>
        [
            .. All.Select(stated => new Claim(
                    stated,
                    [.. stated.Quantities.SelectMany(q => numbers.Where(n => n.Quantity == q && n.Verdict is not null))]
                ))
                .Where(claim => claim.Numbers.Count > 0),
        ];

    /// <summary>Looked for once.</summary>
    private static class Asked<TData>
    {
        public static readonly IReadOnlyList<(ClaimAttribute Stated, Func<TData, IReadOnlyList<Evidence>> Of)> All =
        [
            .. from known in Known
            where known.Type.IsAssignableTo(typeof(IClaim<TData>))
            let of = known.Type.GetMethod(nameof(IClaim<>.Of), [typeof(TData)])
            select (known.Stated, of.CreateDelegate<Func<TData, IReadOnlyList<Evidence>>>()),
        ];
    }
}
