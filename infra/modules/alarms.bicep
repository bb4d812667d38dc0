// The alarms. alarms.json has every threshold, kql/ every question; here the two become rules, each named as its runbook.
// A query answers rows only while its alarm should stand, so every rule fires on one row.
param location string
param tags object
param enabled bool
param disabledAlarms array
param workspaceId string
param serviceBusId string
param actionGroupId string
param runbookBaseUrl string

// any(): the compiler would give each entry a type of its own, and they differ in what is optional.
var alarms = any(loadJsonContent('../alarms.json').alarms)
var spans = {
  PT5M: '5m'
  PT15M: '15m'
  PT30M: '30m'
  PT1H: '1h'
  PT6H: '6h'
}
var queries = {
  'slo-burn-fast': loadTextContent('../kql/slo-burn.kql')
  'slo-burn-slow': loadTextContent('../kql/slo-burn.kql')
  'chase-down': loadTextContent('../kql/chase-down.kql')
  'chase-slow': loadTextContent('../kql/chase-slow.kql')
  'breaker-open': loadTextContent('../kql/breaker-open.kql')
  'unknown-too-old': loadTextContent('../kql/unknown-too-old.kql')
  'positive-control-failing': loadTextContent('../kql/positive-control-failing.kql')
  'dead-letters': loadTextContent('../kql/dead-letters.kql')
  'oldest-message': loadTextContent('../kql/oldest-message.kql')
  'outbox-age': loadTextContent('../kql/outbox-age.kql')
  'ledger-lag': loadTextContent('../kql/ledger-lag.kql')
  'shadow-coverage': loadTextContent('../kql/shadow-coverage.kql')
  'shadow-mismatch': loadTextContent('../kql/shadow-mismatch.kql')
  'shadow-production-egress': loadTextContent('../kql/shadow-production-egress.kql')
  'authentication-failures': loadTextContent('../kql/authentication-failures.kql')
  'audit-chain-broken': loadTextContent('../kql/audit-chain-broken.kql')
  'invariants-broken': loadTextContent('../kql/invariants-broken.kql')
  'rollout-demoted': loadTextContent('../kql/rollout-demoted.kql')
  'negative-exposure': loadTextContent('../kql/negative-exposure.kql')
  'database-saturation': loadTextContent('../kql/database-saturation.kql')
  'no-traffic': loadTextContent('../kql/no-traffic.kql')
  'other-alarm': loadTextContent('../kql/other-alarm.kql')
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for alarm in alarms: {
  name: alarm.name
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: alarm.name
    description: '${alarm.condition} Runbook: ${runbookBaseUrl}/${alarm.name}.md'
    severity: alarm.severity
    enabled: enabled && contains(disabledAlarms, alarm.name) == false
    evaluationFrequency: alarm.frequency
    windowSize: alarm.window
    autoMitigate: true
    // On the first deployment nothing has been logged yet, and the service would not know the columns.
    skipQueryValidation: true
    scopes: [
      workspaceId
    ]
    criteria: {
      allOf: [
        {
          query: 'let threshold = ${alarm.threshold};\nlet minimumCount = ${alarm.minimumCount};\nlet window = ${spans[alarm.window]};\nlet shortWindow = ${spans[(alarm.?shortWindow ?? alarm.window)]};\nlet fromHourUtc = ${(alarm.?fromHourUtc ?? 0)};\nlet toHourUtc = ${(alarm.?toHourUtc ?? 24)};\n${queries[alarm.name]}'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [
        actionGroupId
      ]
      customProperties: {
        alarm: alarm.name
        runbook: '${runbookBaseUrl}/${alarm.name}.md'
      }
    }
  }
}]

// The workspace gets the bus's metrics late and summed over all queues: these rules read them at once and name the queue.
resource queueRules 'Microsoft.Insights/metricAlerts@2018-03-01' = [for alarm in alarms: if (contains(alarm, 'metric')) {
  name: '${alarm.name}-by-queue'
  location: 'global'
  tags: tags
  properties: {
    description: '${alarm.condition} Runbook: ${runbookBaseUrl}/${alarm.name}.md'
    severity: alarm.severity
    enabled: enabled && contains(disabledAlarms, alarm.name) == false
    scopes: [
      serviceBusId
    ]
    evaluationFrequency: alarm.frequency
    windowSize: alarm.window
    autoMitigate: true
    targetResourceType: 'Microsoft.ServiceBus/namespaces'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'by-queue'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: alarm.?metric.?name ?? ''
          timeAggregation: alarm.?metric.?aggregation ?? ''
          operator: 'GreaterThanOrEqual'
          threshold: alarm.threshold
          dimensions: [
            {
              name: alarm.?metric.?dimension ?? ''
              operator: 'Include'
              values: [
                '*'
              ]
            }
          ]
        }
      ]
    }
    actions: [
      {
        actionGroupId: actionGroupId
        webHookProperties: {
          alarm: alarm.name
          runbook: '${runbookBaseUrl}/${alarm.name}.md'
        }
      }
    ]
  }
}]
