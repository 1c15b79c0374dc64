//! The one table of metric names, types, labels and help. `docs/metrics.md` is checked against it.

/// What Prometheus makes of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Goes up and down.
    Gauge,
    /// Only goes up while the process lives.
    Counter,
    /// Counts observations by size.
    Histogram,
}

/// A metric this program exposes.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub kind: Type,
    /// Labels, in the order they are given values.
    pub labels: &'static [&'static str],
    /// What it means, with its unit.
    pub help: &'static str,
}

macro_rules! families {
    ($($family:ident: $name:literal $kind:ident [$($label:literal),*] $help:literal;)*) => {
        /// A metric by what it is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum Family { $($family),* }

        impl Family {
            /// Its declaration.
            pub const fn declared(self) -> &'static Declared {
                match self {
                    $(Self::$family => &Declared {
                        name: $name,
                        kind: Type::$kind,
                        labels: &[$($label),*],
                        help: $help,
                    }),*
                }
            }
        }

        /// Every metric declared here, in order.
        pub const DECLARED: &[&Declared] = &[$(Family::$family.declared()),*];
    };
}

families! {
    TargetInfo: "target_info" Gauge ["service_name", "service_version"]
        "1, with the name and version of this program as OpenTelemetry calls them.";
    Transactions: "pp_transactions" Gauge ["service", "channel", "period"]
        "Completed transactions by channel in the latest published period; a ready-made total is not among the channels.";
    AllTransactions: "pp_transactions_all_channels" Gauge ["service", "period"]
        "Completed transactions over all channels in the latest published period.";
    Started: "pp_transactions_started" Gauge ["service", "channel", "period"]
        "Transactions begun by channel in the latest published period.";
    Completion: "pp_completion_ratio" Gauge ["service", "period"]
        "Completed over started transactions of the digital journey, 0 to 1.";
    Takeup: "pp_digital_takeup_ratio" Gauge ["service", "period"]
        "Transactions completed on digital channels over all completed, 0 to 1.";
    TakeupPrevious: "pp_digital_takeup_previous_ratio" Gauge ["service", "period"]
        "Digital take-up in the period before the latest published one, 0 to 1.";
    TakeupExpectedLower: "pp_digital_takeup_expected_lower_ratio" Gauge ["service", "period"]
        "Lower edge of the digital take-up that the service's own history leads to expect of its next period, 0 to 1.";
    TakeupForecast: "pp_digital_takeup_forecast_ratio" Gauge ["service", "period"]
        "Digital take-up to expect four periods after the newest, 0 to 1; absent while a fall lasts.";
    TakeupTarget: "pp_digital_takeup_target_ratio" Gauge ["service"]
        "Digital take-up the service wants to reach, 0 to 1.";
    Satisfaction: "pp_user_satisfaction_ratio" Gauge ["service", "period"]
        "User satisfaction by the formula the service declares, 0 to 1.";
    CostEach: "pp_cost_per_transaction_gbp" Gauge ["service", "period"]
        "Pounds per completed transaction, all channels.";
    Cost: "pp_cost_gbp" Gauge ["service", "period"]
        "Cost of providing the service in pounds, all channels.";
    PeriodStart: "pp_kpi_period_start_timestamp_seconds" Gauge ["service", "kpi", "period"]
        "Start of the period the figure describes, as a Unix time.";
    PeriodEnd: "pp_kpi_period_end_timestamp_seconds" Gauge ["service", "kpi", "period"]
        "End (exclusive) of the period the figure describes, as a Unix time.";
    Collected: "pp_kpi_collected_timestamp_seconds" Gauge ["service", "kpi", "period"]
        "When the newest part of the figure was collected, as a Unix time.";
    NextDue: "pp_kpi_next_due_timestamp_seconds" Gauge ["service", "kpi", "period"]
        "When the figures of the next period are due for a KPI that alerts watch, bank holidays and usual delay included, as a Unix time.";
    Provisional: "pp_kpi_provisional" Gauge ["service", "kpi", "period"]
        "1 while a source may still revise the figure.";
    State: "pp_kpi_state" Gauge ["service", "kpi", "period", "state"]
        "1, with the state the KPI is in; its value is exported only in the state known.";
    Revisions: "pp_kpi_revisions" Gauge ["service", "kpi", "period"]
        "Times the parts of the figure shown have been revised.";
    ServiceInfo: "pp_service_info" Gauge ["service", "name", "department", "agency"]
        "1 for each service, with who runs it.";
    Services: "pp_services" Gauge []
        "Services known.";
    SnapshotBuilt: "pp_snapshot_built_timestamp_seconds" Gauge []
        "When the figures shown were last read from the store, as a Unix time.";
    BuildInfo: "pp_build_info" Gauge ["version", "revision", "rustversion"]
        "1, with the version of this program, the commit and the version of Rust it was built from.";
    Runs: "pp_collector_runs_total" Counter ["collector", "outcome"]
        "Runs finished, by outcome.";
    RunFailures: "pp_collector_run_failures_total" Counter ["collector", "reason"]
        "Runs for what is due that failed, by reason; a backfill is none, so that it pages nobody.";
    RunDuration: "pp_collector_run_duration_seconds" Histogram ["collector"]
        "How long runs took, in seconds.";
    LastRun: "pp_collector_last_run_timestamp_seconds" Gauge ["collector"]
        "When the last run finished, as a Unix time.";
    LastSuccess: "pp_collector_last_success_timestamp_seconds" Gauge ["collector"]
        "When the last successful run for what is due finished, as a Unix time; a backfill is none.";
    NextRun: "pp_collector_next_run_timestamp_seconds" Gauge ["collector"]
        "When the next run is due, as a Unix time.";
    ScheduleInterval: "pp_collector_schedule_interval_seconds" Gauge ["collector"]
        "Longest gap between runs that the schedule allows, in seconds.";
    CollectedFigures: "pp_collector_figures_total" Counter ["collector", "outcome"]
        "Figures collected or pushed, by outcome: new, unchanged or revised in the store, or held_back from it by the purge guard.";
    Retries: "pp_collector_retries_total" Counter ["collector", "reason"]
        "Attempts repeated within a run, by the reason of the failure before.";
    PeriodsMissing: "pp_collector_periods_missing" Gauge ["collector"]
        "Periods that have ended and are not stored, for sources asked by periods; counted at the start and after each run.";
    QuotaRemaining: "pp_api_quota_remaining_ratio" Gauge ["collector", "quota"]
        "Share of an allowance that the source says is left, 0 to 1; absent where it does not say how much there is in all.";
    ClientRequests: "pp_http_client_requests_total" Counter ["collector", "code"]
        "Requests to sources, by the class of the answer: 2xx to 5xx, or error where there was none.";
    ClientDuration: "pp_http_client_request_duration_seconds" Histogram ["collector"]
        "How long sources took to answer, in seconds, without the wait for a place at a host.";
    Refused: "pp_collector_triggers_refused_total" Counter ["collector"]
        "Runs by hand that were refused because too many were waiting.";
    AlertsFiring: "pp_alerts_firing" Gauge ["rule", "severity"]
        "Alerts that are open, by rule and severity.";
    Notifications: "pp_notifications_total" Counter ["receiver", "outcome"]
        "Attempts to tell a receiver of an alert, by outcome.";
    MirrorUnsent: "pp_mirror_unsent_figures" Gauge []
        "Figures and revisions that are stored and that the mirror has not acknowledged yet.";
    MirrorOldest: "pp_mirror_oldest_unsent_timestamp_seconds" Gauge []
        "When the oldest of them was stored, as a Unix time; absent where nothing waits.";
    MirrorRefused: "pp_mirror_refused_figures" Gauge []
        "Figures and revisions that the mirror refused because it holds something else; offered again at the next start.";
    MirrorSent: "pp_mirror_sent_figures_total" Counter []
        "Figures and revisions that were new to the mirror when it acknowledged them.";
    MirrorFailures: "pp_mirror_failures_total" Counter ["reason"]
        "Times the mirror could not be fed, by reason.";
    StorePoints: "pp_store_write_points_total" Counter ["store"]
        "Figures the store has acknowledged, new or revised.";
    StoreQuarantined: "pp_store_quarantined_lines_total" Counter ["store"]
        "Lines the store's server would not take, each kept in the folder quarantine.";
    StoreFailures: "pp_store_write_failures_total" Counter ["store", "reason"]
        "Submissions the store did not take, by reason: in_use, unreadable, unavailable or refused.";
    StoreDuration: "pp_store_write_duration_seconds" Histogram ["store"]
        "How long the store took for a submission, in seconds.";
    ConfigLoaded: "pp_config_last_reload_successful" Gauge []
        "1 if the configuration on disk is the one running.";
    ConfigLoadedAt: "pp_config_last_reload_success_timestamp_seconds" Gauge []
        "When the running configuration was loaded, as a Unix time.";
    HttpRequests: "pp_http_requests_total" Counter ["route", "code"]
        "Requests answered, by route template and status code.";
    HttpDuration: "pp_http_request_duration_seconds" Histogram ["route"]
        "How long requests took to answer, in seconds.";
}
