using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// Compares beta between styles: of the same object and of another (paper, Fig. 9). For data of kind domainnet, whose
/// domains are the styles. Runs no pass.
/// </summary>
[Named("compare-styles")]
[ReportedAs("styles")]
public sealed record CompareStylesSpec : AnalysisSpec<CompareStyles>
{
    /// <inheritdoc/>
    public override string? ObjectionTo(DataSpec data) =>
        data switch
        {
            DomainNetData { Domains.Count: < 2 } =>
                "one style has no other to be compared with: name at least two under data.domains",
            DomainNetData => null,
            _ => $"the styles that are compared are the domains of data of kind {Spelling.Of(typeof(DomainNetData))}, "
                + $"and data is of kind {Spelling.Of(data.GetType())}",
        };
}
